package intake

import (
	"testing"
	"time"

	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

// errand waits until an errand of bhu-1 is as the test says.
func (c *clinic) errand(t *testing.T, id string, is func(e ledger.Errand, found bool) bool) {
	t.Helper()
	for t.Context().Err() == nil {
		all, err := c.ledger.Errands("bhu-1")
		if err != nil {
			t.Fatal(err)
		}
		var one ledger.Errand
		found := false
		for _, e := range all {
			if e.Command.ID == id {
				one, found = e, true
			}
		}
		if is(one, found) {
			return
		}
	}
}

func (k *kiosk) online(t *testing.T) {
	t.Helper()
	k.publish(t, wire.StateTopic, wire.Encode(wire.State{St: wire.Online, Session: "s"}))
}

// TestErrandsReachTheKiosk: what a doctor asks waits until the kiosk is there, comes again until it has confirmed an end, and is not sent after that.
func TestErrandsReachTheKiosk(t *testing.T) {
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			c := open(t, start(t), t.TempDir(), false, nil)
			k := dial(t, c.url, wire.LiveRoot, "bhu-1")
			now := time.Now()
			ask := func(id string, until time.Time) {
				t.Helper()
				e := ledger.Errand{Kiosk: "bhu-1", Command: wire.Command{ID: id, Kind: wire.CommandMessage, TTL: 600, By: "d-1", Text: "x"}, Made: now, Until: until}
				if err := c.ledger.Post(e); err != nil {
					t.Fatal(err)
				}
			}
			ask("c1", now.Add(10*time.Minute))
			ask("late", now.Add(-time.Second))
			c.intake.Nudge("bhu-1") // it is not there yet
			k.online(t)
			if got := <-k.commands; got.ID != "c1" || got.TTL < 500 || got.TTL > 600 || got.Text != "x" || got.By != "d-1" {
				t.Errorf("%+v", got)
			}
			c.errand(t, "late", func(e ledger.Errand, _ bool) bool { return e.Status == wire.ResultExpired })
			k.publish(t, wire.UpRes, wire.Encode(wire.Result{ID: "c1", Status: wire.ResultKept}))
			c.errand(t, "c1", func(e ledger.Errand, _ bool) bool { return e.Status == wire.ResultKept })
			k.online(t)
			if got := <-k.commands; got.ID != "c1" {
				t.Errorf("again: %+v", got)
			}
			k.publish(t, wire.UpRes, []byte("no result"))
			k.publish(t, wire.UpRes, wire.Encode(wire.Result{ID: "c1", Status: wire.ResultDone, By: "w-7"}))
			c.errand(t, "c1", func(e ledger.Errand, _ bool) bool { return e.Status == wire.ResultDone && e.By == "w-7" })
			ask("c2", now.Add(time.Minute))
			c.intake.Nudge("bhu-1")
			if got := <-k.commands; got.ID != "c2" {
				t.Errorf("what is done came again: %+v", got)
			}
		})
	}
}

// TestSeenUntilConfirmed: the receipt "seen" comes again after a restart of the clinic until the kiosk has it.
func TestSeenUntilConfirmed(t *testing.T) {
	url, dir := embedded(t), t.TempDir()
	c := open(t, url, dir, false, nil)
	k := dial(t, url, wire.LiveRoot, "bhu-1")
	k.online(t)
	id, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
	if a := k.send(t, bundle); a.Status != wire.Stored {
		t.Fatalf("%+v", a)
	}
	seen := func(id string) ledger.Errand {
		return ledger.Errand{Kiosk: "bhu-1", Command: wire.Command{ID: id, By: "d-1"}, Made: time.Now()}
	}
	if n, err := c.ledger.Opened([]string{id}, seen); n != 1 || err != nil {
		t.Fatalf("opened %d, %v: it was not unread", n, err)
	}
	c.intake.Nudge("bhu-1")
	for restarts := range 2 {
		if a := <-k.acks; a.ID != id || a.Status != wire.Seen {
			t.Errorf("after %d restarts: %+v", restarts, a)
		}
		if restarts == 0 {
			c.close(t)
			c = open(t, url, dir, false, nil)
			k.online(t)
		}
	}
	k.publish(t, wire.UpRes, wire.Encode(wire.Result{ID: id, Status: wire.ResultSeen}))
	c.errand(t, id, func(_ ledger.Errand, found bool) bool { return !found })
}

// TestUnreadAfterTheLedgerWasLost: what the record has of the last days is unread again, rather than never read by anybody.
func TestUnreadAfterTheLedgerWasLost(t *testing.T) {
	url, dir := embedded(t), t.TempDir()
	c := open(t, url, dir, false, nil)
	k := dial(t, url, wire.LiveRoot, "bhu-1")
	for _, age := range []time.Duration{time.Minute, stillNew - time.Hour, stillNew + time.Hour} {
		r := fhirtest.Reading(fhirtest.BloodPressure, false)
		then := clock.Instant{Time: time.Now().Add(-age), Source: clock.NTP}
		bundle, err := fhir.Encode(reading.Entry{Reading: &r}, fhir.Context{
			Kiosk: "bhu-1", Base: fhirtest.Base, Software: "1", Zone: time.UTC, Sent: then.Time, Instant: then,
		})
		if err != nil {
			t.Fatal(err)
		}
		if a := k.send(t, bundle); a.Status != wire.Stored {
			t.Fatalf("%+v", a)
		}
	}
	unread := func(want int) {
		t.Helper()
		n := 0
		if err := c.ledger.Unread(func(string, []byte) error { n++; return nil }); err != nil || n != want {
			t.Errorf("%d unread, %v; want %d", n, err, want)
		}
	}
	unread(3)
	c.close(t)
	c = open(t, url, t.TempDir(), false, openRecord(t, dir))
	unread(2)
}

// TestWhenAnErrandIsSaid: what was not heard of, every time; what the kiosk keeps, seldom; nothing after its end, which waits a moment for a late result.
func TestWhenAnErrandIsSaid(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	message := func(status wire.ResultStatus, heard, left time.Duration) ledger.Errand {
		return ledger.Errand{Command: wire.Command{ID: "c", Kind: wire.CommandMessage}, Status: status, Heard: now.Add(-heard), Until: now.Add(left)}
	}
	receipt := ledger.Errand{Command: wire.Command{ID: "r"}}
	for name, c := range map[string]struct {
		e                   ledger.Errand
		atOnce, later, over bool // said to a kiosk that comes on line; said by the half-minute; at its end
	}{
		"new":                         {message("", 0, time.Hour), true, true, false},
		"kept a minute ago":           {message(wire.ResultKept, time.Minute, time.Hour), true, false, false},
		"shown long ago":              {message(wire.ResultShown, keptEvery, time.Hour), true, true, false},
		"done":                        {message(wire.ResultDone, time.Hour, time.Hour), false, false, false},
		"not heard of, and late":      {message("", 0, -time.Second), false, false, true},
		"kept, and just late":         {message(wire.ResultKept, time.Hour, -time.Second), false, false, false},
		"kept, and late for a minute": {message(wire.ResultKept, time.Hour, -late-time.Second), false, false, true},
		"a receipt":                   {receipt, true, true, false},
	} {
		if got := [3]bool{due(c.e, now, 0), due(c.e, now, keptEvery), lapsed(c.e, now)}; got != [3]bool{c.atOnce, c.later, c.over} {
			t.Errorf("%s: %v", name, got)
		}
	}
}
