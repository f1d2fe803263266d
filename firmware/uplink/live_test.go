package uplink

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
	"nabz/queue"
)

// finger is a visit whose oximeter sends 60 samples a second.
type finger struct {
	mu    sync.Mutex
	visit string
	begun time.Time
}

func (f *finger) Now() (Sight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Sight{
		Numerics: wire.Numerics{Visit: f.visit, Step: "oximetry", SpO2: &wire.Number{V: 97}, Pulse: &wire.Number{V: 72}},
		Patient:  reading.PatientRef{Type: reading.MedicalRecord, Value: patient},
	}, f.visit != ""
}

func (f *finger) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = uint64(time.Since(f.begun)/time.Millisecond)*60/1000 + 1
	for n := after + 1; after > 0 && n <= newest; n++ {
		samples = append(samples, int(n%100))
	}
	return samples, 60, newest
}

// seen is what arrived.
type seen struct {
	mu       sync.Mutex
	count    map[string]int // by part
	bytes    int            // of topics and payloads
	sessions map[string]bool
	told     map[string]bool // sessions whose patient was told
	modes    []wire.Mode
	numbers  []wire.Numerics
	frames   []wire.Frame
	ages     []time.Duration
}

func (s *seen) take(t *testing.T, m broker.Message) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	_, part, err := wire.Split(wire.LiveRoot, m.Topic)
	if part == wire.UpEvt {
		s.whose(t, m)
		return
	}
	session, part, ok := wire.SplitLive(part)
	if err != nil || !ok || m.QoS != 0 || m.Retained {
		t.Errorf("%s, QoS %d, retained %t: %v", m.Topic, m.QoS, m.Retained, err)
	}
	s.note(part)
	s.sessions[session] = true
	s.bytes += len(m.Topic) + len(m.Payload) + 4 // fixed header, length, topic's length
	switch part {
	case wire.LiveNumbers:
		n, err := wire.ParseNumerics(m.Payload)
		if err != nil {
			t.Error(err)
		}
		s.modes, s.numbers = append(s.modes, n.Mode), append(s.numbers, n)
		s.ages = append(s.ages, time.Since(n.At))
	case wire.LiveWave:
		f, err := wire.ParseFrame(m.Payload)
		if err != nil {
			t.Error(err)
		}
		s.frames = append(s.frames, f)
	}
}

func (s *seen) note(part string) {
	if s.count == nil {
		s.count, s.sessions = map[string]int{}, map[string]bool{}
	}
	s.count[part]++
}

// whose checks who a session's numbers are said to be: before the first of them.
func (s *seen) whose(t *testing.T, m broker.Message) {
	t.Helper()
	v, err := wire.ParseVisitOpened(m.Payload)
	if err != nil || v.Patient.Value != patient || (m.QoS == 1) == s.told[v.Session] || m.Retained || strings.Contains(m.Topic, patient) {
		t.Errorf("%s: %+v, %v", m.Topic, v, err)
	}
	s.note(wire.UpEvt)
	if s.told == nil {
		s.told = map[string]bool{}
	}
	if !s.told[v.Session] && s.sessions[v.Session] {
		t.Errorf("numbers of %s went before it was said whose they are", v.Session)
	}
	s.told[v.Session] = true
}

// look is a session without a connection.
func look(t *testing.T, f *finger) *session {
	t.Helper()
	k, err := clock.Open(filepath.Join(t.TempDir(), "clock.json"))
	if err != nil {
		t.Fatal(err)
	}
	u := &Uplink{Opts: Opts{Kiosk: kiosk, Clock: k, Live: f}, root: wire.LiveRoot}
	return &session{Uplink: u, watched: watchers{woken: make(chan struct{}, 1)}}
}

// TestSentOnlyWhileWatched: each mode sends what it should, and nothing once the watch is over.
func TestSentOnlyWhileWatched(t *testing.T) {
	for mode, want := range map[wire.Mode]map[string]int{
		wire.ModeWave:    {wire.LiveNumbers: 20, wire.LiveWave: 80, wire.UpEvt: 2},
		wire.ModeNumbers: {wire.LiveNumbers: 20, wire.UpEvt: 2},
		wire.ModeSummary: {wire.LiveNumbers: 2, wire.UpEvt: 2},
	} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got seen
				s := look(t, &finger{visit: "v", begun: time.Now()})
				s.watched.look(wire.Command{TTL: 20, Mode: mode}, time.Now())
				s.stream(t.Context(), func(_ context.Context, m broker.Message) error { got.take(t, m); return nil })
				for part, n := range map[string]int{wire.LiveNumbers: want[wire.LiveNumbers], wire.LiveWave: want[wire.LiveWave], wire.UpEvt: want[wire.UpEvt]} {
					if d := got.count[part] - n; d < -1 || d > 1 { // a tick at either end
						t.Errorf("%d of %s in 20 s, want %d", got.count[part], part, n)
					}
				}
				t.Logf("%s: %d bytes a second", mode, got.bytes/20)
			})
		})
	}
}

// TestWaveIsWhole: the frames of a session hold each sample once, in order, and say when it was.
func TestWaveIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got seen
		s := look(t, &finger{visit: "v", begun: time.Now()})
		s.watched.look(wire.Command{TTL: 10, Mode: wire.ModeWave}, time.Now())
		s.stream(t.Context(), func(_ context.Context, m broker.Message) error { got.take(t, m); return nil })
		next := -1
		for i, f := range got.frames {
			if int(f.Seq) != i+1 || f.Gap {
				t.Errorf("frame %d has number %d, a gap %t", i, f.Seq, f.Gap)
			}
			for _, v := range f.Samples {
				if next >= 0 && int(v) != next%100 {
					t.Fatalf("frame %d: sample %d, want %d", i, v, next%100)
				}
				next = int(v) + 1
			}
			if i > 0 {
				d := f.Start - got.frames[i-1].Start
				if step := int64(len(got.frames[i-1].Samples)) * int64(f.Period) * 10; d < step-30_000 || d > step+30_000 {
					t.Errorf("frame %d begins %d us after the one before, which lasts %d", i, d, step)
				}
			}
		}
	})
}

// TestANewVisitIsANewSession: nothing of one is taken for the other, and between them only that nobody is measured.
func TestANewVisitIsANewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got seen
		f := &finger{visit: "first", begun: time.Now()}
		s := look(t, f)
		s.watched.look(wire.Command{TTL: 30, Mode: wire.ModeNumbers}, time.Now())
		set := func(visit string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.visit = visit
		}
		time.AfterFunc(10*time.Second, func() { set("") })
		time.AfterFunc(20*time.Second, func() { set("second") })
		s.stream(t.Context(), func(_ context.Context, m broker.Message) error {
			got.take(t, m)
			if strings.Contains(m.Topic, "first") || strings.Contains(m.Topic, "second") {
				t.Errorf("a topic tells the visit: %s", m.Topic)
			}
			return nil
		})
		if n := got.count[wire.LiveNumbers]; len(got.sessions) != 3 || n < 29 || n > 32 {
			t.Errorf("%d sessions, %d numbers in 30 s", len(got.sessions), n)
		}
		for i, n := range got.numbers {
			if idle := n.Visit == ""; idle != (n.SpO2 == nil) || idle && (i < 9 || i > 21) {
				t.Errorf("numbers %d: %+v", i, n)
			}
		}
	})
}

// TestThinLink: a link that takes a second for each message gets no wave after a while and then no second of numbers; nothing older than two seconds
// leaves. When it is good again, all comes back, and the gap is told.
func TestThinLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got seen
		s := look(t, &finger{visit: "v", begun: time.Now()})
		begun := time.Now()
		renew := time.NewTicker(10 * time.Second)
		defer renew.Stop()
		ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
		defer stop()
		go func() {
			for {
				select {
				case <-renew.C:
					s.watched.look(wire.Command{TTL: 30, Mode: wire.ModeWave}, time.Now())
				case <-ctx.Done():
					return
				}
			}
		}()
		s.watched.look(wire.Command{TTL: 30, Mode: wire.ModeWave}, time.Now())
		s.stream(ctx, func(_ context.Context, m broker.Message) error {
			got.take(t, m)
			if bad := time.Since(begun); bad < time.Minute {
				time.Sleep(1500 * time.Millisecond) // of the bubble
			}
			return nil
		})
		if got.modes[0] != wire.ModeWave || got.modes[len(got.modes)-1] != wire.ModeWave {
			t.Errorf("it began with %q and ended with %q", got.modes[0], got.modes[len(got.modes)-1])
		}
		fell := map[wire.Mode]bool{}
		for _, m := range got.modes {
			fell[m] = true
		}
		if !fell[wire.ModeNumbers] || !fell[wire.ModeSummary] {
			t.Errorf("modes on a thin link: %v", got.modes)
		}
		for i, age := range got.ages {
			if age >= tooOld {
				t.Errorf("numbers %d left at the age of %s", i, age)
			}
		}
		gaps := 0
		for _, f := range got.frames {
			if f.Gap {
				gaps++
			}
		}
		if gaps == 0 {
			t.Error("the wave came back and told no gap")
		}
	})
}

// TestWaveWaitsForAnEntry: while an entry is on its way the wave waits, and the numbers go.
func TestWaveWaitsForAnEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got seen
		s := look(t, &finger{visit: "v", begun: time.Now()})
		end := s.durable.begin()
		time.AfterFunc(time.Second, end)
		first := time.Duration(0)
		begun := time.Now()
		s.watched.look(wire.Command{TTL: 5, Mode: wire.ModeWave}, begun)
		s.stream(t.Context(), func(_ context.Context, m broker.Message) error {
			got.take(t, m)
			if first == 0 && strings.HasSuffix(m.Topic, wire.LiveWave) {
				first = time.Since(begun)
			}
			return nil
		})
		if first < time.Second || got.count[wire.LiveNumbers] < 4 {
			t.Errorf("the first frame left after %s, %d numbers in 5 s", first, got.count[wire.LiveNumbers])
		}
	})
}

// TestWatchersAddUp: of several clinics the one that wants most counts, each for as long as it said.
func TestWatchersAddUp(t *testing.T) {
	w := watchers{woken: make(chan struct{}, 1)}
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	w.look(wire.Command{By: "a", TTL: 20, Mode: wire.ModeSummary}, now)
	w.look(wire.Command{By: "b", TTL: 10, Mode: wire.ModeWave}, now)
	w.look(wire.Command{By: "c", TTL: 15, Mode: wire.ModeNumbers}, now)
	for second, want := range map[int]wire.Mode{0: wire.ModeWave, 9: wire.ModeWave} {
		if got, ok := w.there(now.Add(time.Duration(second) * time.Second)); !ok || got != want {
			t.Errorf("after %d s: %q, %t", second, got, ok)
		}
	}
	for _, c := range []struct {
		second int
		want   wire.Mode
	}{{10, wire.ModeNumbers}, {15, wire.ModeSummary}, {20, ""}} {
		if got, ok := w.there(now.Add(time.Duration(c.second) * time.Second)); ok != (c.want != "") || got != c.want {
			t.Errorf("after %d s: %q, %t; want %q", c.second, got, ok, c.want)
		}
	}
	for i := range 2 * mostClinics {
		w.look(wire.Command{By: string(rune('A' + i)), TTL: 5, Mode: wire.ModeWave}, now.Add(time.Minute))
	}
	if len(w.clinics) != mostClinics {
		t.Errorf("%d clinics are kept", len(w.clinics))
	}
}

// TestThrottle: whatever happens, it never sends more than is wanted, moves one rung at a time, and after a calm while sends all again.
func TestThrottle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var th throttle
		now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
		rung := func(m wire.Mode) int {
			for i, l := range ladder {
				if l == m {
					return i
				}
			}
			t.Fatalf("mode %q", m)
			return 0
		}
		before := 0
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(t, "dropped") {
				th.dropped(now)
			}
			after := rung(th.mode(wire.ModeWave, now))
			if d := after - before; d < -1 || d > 1 {
				t.Fatalf("from %s to %s", ladder[before], ladder[after])
			}
			before = after
			if th.mode(wire.ModeSummary, now) != wire.ModeSummary {
				t.Fatal("more than is wanted")
			}
		}
		for range 2 * len(ladder) {
			now = now.Add(calmFor)
			th.mode(wire.ModeWave, now)
		}
		if th.mode(wire.ModeWave, now) != wire.ModeWave {
			t.Fatal("after a calm while it still holds back")
		}
	})
}

func TestCut(t *testing.T) {
	end := time.UnixMicro(10_000_000)
	for name, c := range map[string]struct {
		samples []int
		rate    int
		gap     bool
		starts  []int64 // ms before the end
		gaps    []bool
		open    bool
	}{
		"nothing":          {nil, 50, false, nil, nil, false},
		"whole":            {[]int{1, 2, 3}, 50, false, []int64{40}, []bool{false}, false},
		"after a gap":      {[]int{1, 2}, 50, true, []int64{20}, []bool{true}, false},
		"a gap within":     {[]int{1, -1, 3}, 50, false, []int64{40, 0}, []bool{false, true}, false},
		"a gap at the end": {[]int{1, -1}, 50, false, []int64{20}, []bool{false}, true},
		"all gap":          {[]int{-1}, 50, false, nil, nil, true},
		"no rate yet":      {[]int{1}, 0, false, nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			all, open := cut(c.samples, c.rate, c.gap, end)
			if len(all) != len(c.starts) || open != c.open {
				t.Fatalf("%d frames, open %t: %+v", len(all), open, all)
			}
			for i, f := range all {
				if f.Start != end.UnixMicro()-c.starts[i]*1000 || f.Gap != c.gaps[i] || f.Period != 2000 {
					t.Errorf("frame %d: %+v", i, f)
				}
			}
		})
	}
}

// TestWatchedOverABroker: nothing live leaves before somebody watches; then numbers and wave do. An entry goes its way meanwhile.
func TestWatchedOverABroker(t *testing.T) {
	r := newRig(t)
	r.opts.Live = &finger{visit: "v", begun: time.Now()}
	r.clinic.open()
	live := make(chan broker.Message, 4096)
	r.clinic.mu.Lock()
	conn := r.clinic.conn
	r.clinic.mu.Unlock()
	for _, filter := range []string{wire.LiveTopic(wire.LiveRoot, "+", "+", "+"), wire.All(wire.LiveRoot, wire.UpEvt)} {
		if err := conn.Subscribe(t.Context(), filter, 1, func(m broker.Message) { live <- m }); err != nil {
			t.Fatal(err)
		}
	}
	r.run()
	for range 3 {
		r.await(r.put(queue.Routine), Recorded)
	}
	if len(live) > 0 {
		t.Errorf("%d live messages and nobody watches", len(live))
	}
	r.clinic.down(wire.DownCmd, wire.Command{ID: "w-1", Kind: wire.CommandWatch, TTL: 30})
	got := seen{}
	for got.count[wire.LiveNumbers] < 2 || got.count[wire.LiveWave] < 4 || got.count[wire.UpEvt] < 1 {
		got.take(t, expect(t, live))
	}
	r.await(r.put(queue.Urgent), Recorded)
	r.clinic.down(wire.DownCmd, wire.Command{ID: "w-2", Kind: "inflate", TTL: 30})
	r.await(r.put(queue.Urgent), Recorded)
	r.log.holds(t, "command not understood")
}
