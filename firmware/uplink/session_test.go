package uplink

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
	"nabz/queue"
)

// Nothing is lost with the broker, and what is sent twice is the same bytes.
func TestKilledBroker(t *testing.T) {
	r := newRig(t)
	const entries, deathAt = 12, 5
	heard := 0
	r.clinic.answer = func(s sent) []wire.Ack {
		if heard++; heard == deathAt {
			r.broker.kill()
			r.broker.run()
			return nil // the receipt dies with the broker
		}
		return stored(s)
	}
	r.clinic.open()
	var all []string
	for range entries {
		all = append(all, r.put(queue.Routine))
	}
	r.run()
	for range entries {
		until(t, r.receipts, func(x Receipt) bool { return x.Step == Recorded })
	}
	first := map[string]string{}
	for len(r.clinic.heard) > 0 {
		s := <-r.clinic.heard
		if p, before := first[s.entry]; before && p != s.payload {
			t.Errorf("%s was sent again with other bytes", s.entry)
		}
		first[s.entry] = s.payload
	}
	for _, entry := range all {
		r.mustStand(entry, queue.Delivered)
	}
	if heard <= entries {
		t.Errorf("%d attempts: the one whose receipt died was not sent again", heard)
	}
}

// A stop and a lost link are seen while every entry is held back.
func TestStopsWhileEverythingIsHeldBack(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	entry := r.put(queue.Routine)
	it, _, err := r.opts.Queue.Find(entry)
	if err != nil {
		t.Fatal(err)
	}
	u := New(r.opts)
	u.pace = pace{failures: 9, resume: time.Now().Add(never), held: map[uint64]hold{it.Seq: {tries: 9, until: time.Now().Add(never)}}}
	stop := r.start(u)
	r.link(func(l Link) bool { return l.Clinic })
	r.broker.kill()
	r.link(func(l Link) bool { return !l.Broker })
	r.broker.run()
	r.link(func(l Link) bool { return l.Clinic })
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	if err := expect(t, ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// An entry whose publish costs the link does not lead again: the others pass it.
func TestOthersPassAnEntryThatTheBrokerDoesNotStand(t *testing.T) {
	r := newRigWith(t, access, "max_packet_size 20000") // a larger packet ends the connection
	r.clinic.open()
	heavy := r.put(queue.Routine, func(x *reading.Reading) { x.Device.Model = strings.Repeat("m", 20000) })
	others := []string{r.put(queue.Routine), r.put(queue.Routine), r.put(queue.Routine)}
	r.run()
	for _, entry := range others {
		r.await(entry, Recorded)
	}
	r.mustStand(heavy, queue.Waiting)
}

// The bytes stay the same over a restart and an update of the kiosk.
func TestRetryAfterRestartIsTheSameBytes(t *testing.T) {
	r := newRig(t)
	r.clinic.answer = script("", wire.Stored)
	r.clinic.open()
	entry := r.put(queue.Routine)
	stop := r.run()
	a := expect(t, r.clinic.heard)
	stop()
	r.opts.Software = "2.0.0"
	r.run()
	r.await(entry, Recorded)
	if b := expect(t, r.clinic.heard); a.payload != b.payload {
		t.Errorf("first\n%s\nthen\n%s", a.payload, b.payload)
	}
}

func TestStateAndWill(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	p := through(t, r.broker.addr)
	r.opts.Broker.URL = "tcp://" + p.addr
	stop := r.run()
	online := expect(t, r.clinic.states)
	if online.St != wire.Online || online.Session == "" || online.SW != "1.2.3" {
		t.Errorf("birth %+v", online)
	}
	r.link(func(l Link) bool { return l.Clinic })
	p.cut()
	if will := expect(t, r.clinic.states); will.St != wire.Offline || will.Session != online.Session {
		t.Errorf("will %+v of session %s", will, online.Session)
	}
	again := expect(t, r.clinic.states)
	if again.St != wire.Online || again.Session == online.Session {
		t.Errorf("after the link came back %+v", again)
	}
	stop()
	last := until(t, r.clinic.states, func(s wire.State) bool { return s.St == wire.Offline })
	if last.Session != again.Session {
		t.Errorf("farewell %+v of session %s", last, again.Session)
	}
}

// A farewell is the last word, also when the kiosk stops at any moment: a retained "online" would stand for ever.
func TestFarewellIsTheLastWord(t *testing.T) {
	r := newRig(t)
	r.clinic.open()
	for range 10 {
		stop := r.run()
		born := until(t, r.clinic.states, func(s wire.State) bool { return s.St == wire.Online })
		stop()
		bye := until(t, r.clinic.states, func(s wire.State) bool { return s.Session == born.Session })
		if bye.St != wire.Offline || len(r.clinic.states) > 0 {
			t.Fatalf("after the birth came %+v and %d more", bye, len(r.clinic.states))
		}
	}
}

// The counts in the state follow what a person has to look at.
func TestStateIsToldAnew(t *testing.T) {
	r := newRig(t)
	r.clinic.answer = script(wire.Rejected)
	r.clinic.open()
	r.put(queue.Routine)
	r.run()
	if born := expect(t, r.clinic.states); born.Queued != 1 || born.Parked != 0 {
		t.Errorf("birth %+v", born)
	}
	if then := expect(t, r.clinic.states); then.St != wire.Online || then.Queued != 0 || then.Parked != 1 {
		t.Errorf("after the refusal %+v", then)
	}
}

// A link that takes everything and brings nothing is given up, and what was under way goes over the next one.
func TestHalfOpenLink(t *testing.T) {
	r := newRig(t)
	p := through(t, r.broker.addr)
	r.opts.Broker.URL = "tcp://" + p.addr
	r.opts.Broker.KeepAlive, r.opts.Broker.PingTimeout = time.Second, 200*time.Millisecond
	r.clinic.open()
	r.run()
	r.link(func(l Link) bool { return l.Clinic })
	p.freeze()
	entry := r.put(queue.Routine)
	r.link(func(l Link) bool { return !l.Broker })
	r.await(entry, Recorded)
}

func TestWrongPasswordIsReported(t *testing.T) {
	r := newRig(t)
	r.opts.Broker.Password = "hunter2"
	entry := r.put(queue.Routine)
	r.run()
	l := r.link(func(l Link) bool { return l.Why != "" })
	if l.Broker || l.Clinic || !strings.Contains(l.Why, "check user name and password") || strings.Contains(l.Why, "hunter2") {
		t.Errorf("%+v", l)
	}
	r.mustStand(entry, queue.Waiting)
}

// A reading that was taken before the kiosk knew the time leaves with the right one.
func TestHelloRepairsTheTime(t *testing.T) {
	r := newRig(t)
	const ago = 10 * time.Minute
	truth := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	if now := r.opts.Clock.Now(); now.Source == clock.NTP {
		truth = now.Wall // this machine knows better than any clinic
	}
	r.clinic.now = func() time.Time { return truth }
	entry := r.put(queue.Routine, func(x *reading.Reading) {
		x.Taken.SinceBoot -= ago
		x.Taken.Wall, x.Taken.Source, x.Taken.Uncertainty = time.Unix(90, 0), clock.None, 0
	})
	r.clinic.open()
	r.run()
	r.await(entry, Recorded)
	payload := expect(t, r.clinic.heard).payload
	_, at, _ := strings.Cut(payload, `"effectiveDateTime":"`)
	at, _, _ = strings.Cut(at, `"`)
	got, err := time.Parse(time.RFC3339Nano, at)
	if d := got.Sub(truth.Add(-ago)); err != nil || d.Abs() > patience {
		t.Errorf("taken at %s, want %s (%v)", at, truth.Add(-ago), err)
	}
	if _, err := fhir.Check([]byte(payload), r.opts.Base, false); err != nil {
		t.Errorf("the Bundle does not hold: %v", err)
	}
}

// Without the clinic's time nothing leaves: first sent is first dated.
func TestNothingIsSentBeforeTheClinicAnswers(t *testing.T) {
	r := newRig(t)
	asked := make(chan struct{}, 16)
	var hears atomic.Bool
	r.clinic.deaf = func() bool { asked <- struct{}{}; return !hears.Load() }
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	expect(t, asked)
	if len(r.clinic.heard) > 0 {
		t.Fatal("an entry came before the clinic answered")
	}
	hears.Store(true)
	r.clinic.say(wire.Online, "b") // asks at once instead of in five seconds
	r.await(entry, Recorded)
}

// A clinic that believes in 1970 must not date anything.
func TestClinicWithoutTimeIsNotBelieved(t *testing.T) {
	r := newRig(t)
	if r.opts.Clock.Now().Source == clock.NTP {
		t.Log("this machine's clock is kept by NTP and asks no clinic")
		return
	}
	r.clinic.now = func() time.Time { return time.Unix(90, 0) }
	r.clinic.open()
	entry := r.put(queue.Routine)
	r.run()
	r.link(func(l Link) bool { return strings.Contains(l.Why, "clock is not set") })
	r.mustStand(entry, queue.Waiting)
	if r.opts.Clock.Now().Source != clock.None {
		t.Error("the kiosk took the time over")
	}
}

// Offsets of earlier boots go when nothing waits that could need them.
func TestOldOffsetsAreForgottenOnceEmpty(t *testing.T) {
	r := newRig(t)
	old := clock.Stamp{Boot: "an earlier boot", SinceBoot: time.Minute, Source: clock.None}
	if err := r.opts.Clock.Sync(old, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), clock.Clinic, time.Second); err != nil {
		t.Fatal(err)
	}
	r.clinic.open()
	entry := r.put(queue.Routine, func(x *reading.Reading) { x.Taken = old })
	stop := r.run()
	r.await(entry, Recorded)
	if p := expect(t, r.clinic.heard).payload; !strings.Contains(p, "2026-11-01T05:00:00.000+05:00") {
		t.Error("the earlier boot's offset was not used")
	}
	stop()
	if r.opts.Clock.Resolve(old).Synchronised() {
		t.Error("the offset is still there")
	}
}

// What came since the link is back goes before the backlog.
func TestNewReadingsGoBeforeTheBacklog(t *testing.T) {
	r := newRig(t)
	backlog := []string{r.put(queue.Routine), r.put(queue.Routine)}
	var fresh string
	r.clinic.answer = func(s sent) []wire.Ack {
		if fresh == "" {
			fresh = r.put(queue.Routine)
		}
		return stored(s)
	}
	r.clinic.open()
	r.run()
	for range 3 {
		until(t, r.receipts, func(x Receipt) bool { return x.Step == Recorded })
	}
	var got []string
	for len(r.clinic.heard) > 0 {
		got = append(got, (<-r.clinic.heard).entry)
	}
	if want := []string{backlog[0], fresh, backlog[1]}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}
