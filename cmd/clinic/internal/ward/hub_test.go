package ward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

var quiet = slog.New(slog.DiscardHandler)

func frame(session string, seq int) []byte {
	return wire.Frame{Seq: uint16(seq), Period: 1667, Bits: 7, Session: wire.SessionHash(session), Samples: []byte{byte(seq % 100), 2, 3}}.Marshal()
}

func numerics(visit string, seq int) []byte {
	return wire.Encode(wire.Numerics{Visit: visit, Seq: uint32(seq), Mode: wire.ModeWave, SpO2: &wire.Number{V: 97}})
}

// must hands a live message to the hub.
func must(t testing.TB, h *Hub, kiosk, session, part string, payload []byte) {
	t.Helper()
	if err := h.live(kiosk, session, part, payload, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func next(t testing.TB, w *Watcher) Update {
	t.Helper()
	u, err := w.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func nothing(t testing.TB, w *Watcher) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for { // what is there may be chosen or not
		u, err := w.Next(ctx)
		if errors.Is(err, context.Canceled) {
			return
		}
		if u.Numbers != nil || u.Frames != nil || u.State != nil {
			t.Fatalf("came: %+v", u)
		}
	}
}

// TestEachSeesItsKiosk: a watcher gets what its kiosk sends and nothing of another.
func TestEachSeesItsKiosk(t *testing.T) {
	h := NewHub(quiet)
	a, b := h.Watch("bhu-1", wire.ModeWave), h.Watch("bhu-2", wire.ModeWave)
	must(t, h, "bhu-1", "s1", wire.LiveNumbers, numerics("v1", 1))
	must(t, h, "bhu-1", "s1", wire.LiveWave, frame("s1", 1))
	must(t, h, "bhu-1", "s1", wire.LiveWave, frame("s1", 2))
	u := next(t, a)
	if u.Session != "s1" || u.Numbers.Visit != "v1" || len(u.Frames) != 2 || u.Frames[1].Seq != 2 {
		t.Errorf("%+v", u)
	}
	nothing(t, b)
	nothing(t, a)
	a.Close()
	must(t, h, "bhu-1", "s1", wire.LiveNumbers, numerics("v1", 2))
	nothing(t, a)
}

// TestANewSessionTakesTheOldAway: what waits of one visit is not shown with the next.
func TestANewSessionTakesTheOldAway(t *testing.T) {
	h := NewHub(quiet)
	w := h.Watch("bhu-1", wire.ModeWave)
	must(t, h, "bhu-1", "s1", wire.LiveNumbers, numerics("v1", 1))
	must(t, h, "bhu-1", "s1", wire.LiveWave, frame("s1", 1))
	must(t, h, "bhu-1", "s2", wire.LiveWave, frame("s2", 1))
	if u := next(t, w); u.Session != "s2" || u.Numbers != nil || len(u.Frames) != 1 {
		t.Errorf("%+v", u)
	}
}

// TestWhoseNumbersTheyAre: a patient is shown with her own session only, whatever comes in which order, and is not kept when nobody watches.
func TestWhoseNumbersTheyAre(t *testing.T) {
	h := NewHub(quiet)
	w := h.Watch("bhu-1", wire.ModeWave)
	opened := func(session, patient string) {
		h.opened("bhu-1", wire.VisitOpened{Session: session, Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: patient}})
	}
	is := func(when, want string) {
		t.Helper()
		got := ""
		if u := next(t, w); u.Patient != nil {
			got = u.Patient.Value
		}
		if got != want {
			t.Errorf("%s: patient %q, want %q", when, got, want)
		}
	}
	must(t, h, "bhu-1", "s1", wire.LiveNumbers, numerics("v1", 1))
	is("before it was told", "")
	opened("s1", "000123")
	is("told", "000123")
	must(t, h, "bhu-1", "s1", wire.LiveNumbers, numerics("v1", 2))
	is("the next numbers", "000123")
	must(t, h, "bhu-1", "s2", wire.LiveNumbers, numerics("v2", 1))
	is("another session", "")
	opened("s1", "000123")
	must(t, h, "bhu-1", "s2", wire.LiveNumbers, numerics("v2", 2))
	is("late word of the session before", "")
	opened("s3", "000999")
	must(t, h, "bhu-1", "s3", wire.LiveNumbers, numerics("v3", 1))
	is("told before its first numbers", "000999")
	late := h.Watch("bhu-1", wire.ModeWave)
	must(t, h, "bhu-1", "s3", wire.LiveNumbers, numerics("v3", 2))
	if u := next(t, late); u.Patient == nil || u.Patient.Value != "000999" {
		t.Errorf("who comes later: %+v", u)
	}
	w.Close()
	late.Close()
	if h.kiosks["bhu-1"].whose != (wire.VisitOpened{}) {
		t.Error("a patient is kept though nobody watches")
	}
}

// TestHeldUpNumbersAreOld: numbers that a link kept back for a minute are a minute old when they come, whatever the kiosk's clock says.
func TestHeldUpNumbersAreOld(t *testing.T) {
	h := NewHub(quiet)
	w := h.Watch("bhu-1", wire.ModeWave)
	now := h.began
	at := func(up, came time.Duration) time.Duration {
		t.Helper()
		n := wire.Numerics{Visit: "v", Mode: wire.ModeWave, Up: (time.Hour + up).Milliseconds()}
		if err := h.live("bhu-1", "s", wire.LiveNumbers, wire.Encode(n), now.Add(came)); err != nil {
			t.Fatal(err)
		}
		return now.Add(came).Sub(next(t, w).Received)
	}
	for _, c := range []struct{ up, came, old time.Duration }{
		{0, 300, 0}, {1000, 1300, 0}, {2000, 62_300, 60_000}, {3000, 62_300, 59_000}, {62_000, 62_300, 0}, {63_000, 63_200, 0}, {64_000, 64_300, 100},
	} {
		if old := at(c.up*time.Millisecond, c.came*time.Millisecond); old != c.old*time.Millisecond {
			t.Errorf("made at %d ms, came at %d: %s old, want %d ms", c.up, c.came, old, c.old)
		}
	}
}

// TestForeignFramesGetToNobody: nor do broken ones.
func TestForeignFramesGetToNobody(t *testing.T) {
	h := NewHub(quiet)
	w := h.Watch("bhu-1", wire.ModeWave)
	for name, c := range map[string]struct {
		part    string
		payload []byte
	}{
		"another session's": {wire.LiveWave, frame("s2", 1)}, "no frame": {wire.LiveWave, []byte("x")}, "no numbers": {wire.LiveNumbers, []byte("x")},
	} {
		if err := h.live("bhu-1", "s1", c.part, c.payload, time.Now()); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	nothing(t, w)
}

// TestAStalledWatcherHoldsNobodyUp: one that never looks keeps the newest four seconds and no more, and the others get everything.
func TestAStalledWatcherHoldsNobodyUp(t *testing.T) {
	h := NewHub(quiet)
	stalled, quick := h.Watch("bhu-1", wire.ModeWave), h.Watch("bhu-1", wire.ModeWave)
	got := 0
	for seq := range 1000 {
		must(t, h, "bhu-1", "s", wire.LiveWave, frame("s", seq))
		got += len(next(t, quick).Frames)
	}
	u := next(t, stalled)
	if got != 1000 || len(u.Frames) != mostFrames || u.Frames[0].Seq != 1000-mostFrames || u.Frames[mostFrames-1].Seq != 999 {
		t.Errorf("the quick one got %d, the stalled one %d from %d", got, len(u.Frames), u.Frames[0].Seq)
	}
}

// TestAskedOnlyWhileWatched: a kiosk is asked at once, again every ten seconds, after it came online, and never when nobody watches.
func TestAskedOnlyWhileWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(quiet)
		due := func(want wire.Mode) {
			t.Helper()
			if most, ok := h.ask("bhu-1", time.Now()); most != want || ok != (want != "") {
				t.Errorf("asked %q, %t; want %q", most, ok, want)
			}
		}
		due("")
		slow := h.Watch("bhu-1", wire.ModeNumbers)
		due(wire.ModeNumbers)
		due("")
		time.Sleep(renewEvery)
		due(wire.ModeNumbers)
		whole := h.Watch("bhu-1", wire.ModeWave)
		due(wire.ModeWave)
		h.state("bhu-1", wire.State{St: wire.Online, Session: "c1"}, time.Now())
		due(wire.ModeWave)
		h.state("bhu-1", wire.State{St: wire.Online, Session: "c1", Queued: 3}, time.Now())
		due("")
		h.state("bhu-1", wire.State{St: wire.Online, Session: "c2"}, time.Now())
		due(wire.ModeWave)
		whole.Close()
		time.Sleep(renewEvery)
		due(wire.ModeNumbers)
		slow.Close()
		time.Sleep(renewEvery)
		due("")
		if w := h.watched(); w != nil {
			t.Errorf("still watched: %v", w)
		}
	})
}

// TestStates: a page that comes later knows the state at once; the late will of an earlier connection is not believed.
func TestStates(t *testing.T) {
	h := NewHub(quiet)
	h.state("bhu-1", wire.State{St: wire.Online, Session: "c2"}, time.Now())
	w := h.Watch("bhu-1", wire.ModeWave)
	if u := next(t, w); u.State == nil || u.State.St != wire.Online {
		t.Errorf("at first: %+v", u)
	}
	h.state("bhu-1", wire.State{St: wire.Offline, Session: "c1"}, time.Now())
	nothing(t, w)
	h.state("bhu-1", wire.State{St: wire.Offline, Session: "c2"}, time.Now())
	if u := next(t, w); u.State == nil || u.State.St != wire.Offline {
		t.Errorf("after its will: %+v", u)
	}
}

// BenchmarkFanOut is one frame of each of 50 kiosks to 200 watchers, of whom ten never look.
func BenchmarkFanOut(b *testing.B) {
	h := NewHub(quiet)
	for i := range 200 {
		w := h.Watch(fmt.Sprintf("bhu-%d", i%50), wire.ModeWave)
		if i < 10 {
			continue
		}
		go func() {
			for {
				if _, err := w.Next(b.Context()); err != nil {
					return
				}
			}
		}()
	}
	seq := 0
	for b.Loop() {
		seq++
		for k := range 50 {
			must(b, h, fmt.Sprintf("bhu-%d", k), "s", wire.LiveWave, frame("s", seq))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/50, "us/frame")
}
