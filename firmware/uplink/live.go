package uplink

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

// Live is where the numbers of a live session come from. Its methods return at once.
type Live interface {
	// Now is what the devices say; false without a visit, and then nothing of the devices is sent, only that nobody is measured.
	Now() (Sight, bool)
	// Wave returns the pulse wave after the sample of that number, -1 standing for a gap; the rate a second; and the number of the newest.
	Wave(after uint64) (samples []int, rate int, newest uint64)
}

// Sight is one look at the devices. Seq, At and Mode of its numbers are set here.
type Sight struct {
	wire.Numerics
	Patient        reading.PatientRef
	NoFinger, Weak bool
}

// How often things are made while somebody watches.
const (
	frameEvery   = 250 * time.Millisecond
	numbersEvery = time.Second
	summaryEvery = 10 * time.Second
	whoseEvery   = 10 * time.Second // for those who come later: nothing of a session is retained, so nothing outlives it
)

// watchers is for how long each clinic's doctors still look, and the most that they want.
type watchers struct {
	mu      sync.Mutex
	clinics map[string]watch
	woken   chan struct{} // holds one: somebody has come
}

type watch struct {
	until time.Time
	most  wire.Mode
}

// mostClinics is how many may watch at once; another is not heard until one has gone.
const mostClinics = 16

// look renews. A clinic's newest command counts: it knows all who watch through it.
func (w *watchers) look(c wire.Command, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(now)
	if _, known := w.clinics[c.By]; !known && len(w.clinics) == mostClinics {
		return
	}
	if w.clinics == nil {
		w.clinics = map[string]watch{}
	}
	w.clinics[c.By] = watch{now.Add(time.Duration(c.TTL) * time.Second), c.Mode}
	offer(w.woken, struct{}{})
}

// there says whether anybody looks, and the most that any of them wants.
func (w *watchers) there(now time.Time) (most wire.Mode, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(now)
	best := len(ladder)
	for _, c := range w.clinics {
		best = min(best, slices.Index(ladder, c.most))
	}
	if best == len(ladder) {
		return "", false
	}
	return ladder[best], true
}

func (w *watchers) forget(now time.Time) {
	maps.DeleteFunc(w.clinics, func(_ string, c watch) bool { return !now.Before(c.until) })
}

// show streams while somebody watches, until ctx ends.
func (s *session) show(ctx context.Context) error {
	for {
		select {
		case <-s.watched.woken:
			s.stream(ctx, s.conn.Publish)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stream makes what is to be seen until nobody watches, and has it sent beside.
func (s *session) stream(ctx context.Context, send func(context.Context, broker.Message) error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := make(chan outgoing, mostWaiting)
	var sender sync.WaitGroup
	sender.Go(func() { s.ship(ctx, out, send) })
	defer sender.Wait()
	defer cancel()
	m := maker{session: s, out: out, throttle: &s.throttle}
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for {
		now := time.Now()
		most, ok := s.watched.there(now)
		if !ok {
			return
		}
		m.tick(now, ladder[max(slices.Index(ladder, most), slices.Index(ladder, s.Most))])
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// maker makes the messages of live sessions, one session a visit.
type maker struct {
	*session
	out      chan<- outgoing
	throttle *throttle

	id      string // of the live session; random: it says nothing and is not to be guessed
	visit   string // empty between visits
	seq     uint32
	frame   uint16
	wave    uint64
	gap     bool
	numbers time.Time
	whose   time.Time
	closed  *closed // nil: it goes as it is
}

func (m *maker) tick(now time.Time, most wire.Mode) {
	sight, visiting := m.Live.Now()
	if !visiting {
		sight = Sight{} // whatever an idle device says is nobody's
	}
	if m.id == "" || sight.Visit != m.visit {
		m.begin(sight)
	}
	mode := m.throttle.mode(most, now)
	if visiting && now.Sub(m.whose) >= whoseEvery {
		first := m.whose.IsZero()
		m.whose = now
		payload, err := m.opened(sight)
		if err != nil {
			m.Log.Error("the live session cannot be sealed", "why", err)
			return
		}
		event := broker.Message{Topic: m.topic(wire.UpEvt), Payload: payload}
		if first { // a repetition is not worth that the numbers behind it wait for its PUBACK
			event.QoS = 1
		}
		m.put(now, event)
	}
	every := numbersEvery
	if mode == wire.ModeSummary {
		every = summaryEvery
	}
	if now.Sub(m.numbers) >= every-frameEvery/2 { // a tick may come a little early
		m.numbers = now
		m.seq++
		n := sight.Numerics
		stamp := m.Clock.Now()
		n.Seq, n.At, n.Up, n.Mode = m.seq, stamp.Wall, stamp.SinceBoot.Milliseconds(), mode
		m.put(now, m.part(wire.LiveNumbers, m.cover(wire.LiveNumbers, wire.Encode(n))))
	}
	if visiting {
		m.waves(now, sight, mode)
	}
}

func (m *maker) begin(s Sight) {
	m.id, m.visit = strings.ReplaceAll(uuid.NewString(), "-", ""), s.Visit
	m.seq, m.frame, m.gap = 0, 0, false
	m.numbers, m.whose = time.Time{}, time.Time{}
	_, _, m.wave = m.Live.Wave(0)
	m.closed = nil // between visits there is nothing to hide
	if m.Sealing != nil && s.Visit != "" {
		m.closed = newClosed()
	}
}

func (m *maker) waves(now time.Time, s Sight, mode wire.Mode) {
	samples, rate, newest := m.Live.Wave(m.wave)
	m.wave = newest
	if mode != wire.ModeWave {
		m.gap = true
		return
	}
	all, gap := cut(samples, rate, m.gap, m.Clock.Now().Wall)
	m.gap = gap
	for _, f := range all {
		m.frame++
		f.Seq, f.Session, f.NoFinger, f.Weak = m.frame, wire.SessionHash(m.id), s.NoFinger, s.Weak
		m.put(now, m.part(wire.LiveWave, m.cover(wire.LiveWave, f.Marshal())))
	}
}

func (m *maker) part(part string, payload []byte) broker.Message {
	return broker.Message{Topic: wire.LiveTopic(m.root, m.Kiosk, m.id, part), Payload: payload}
}

func (m *maker) put(now time.Time, msg broker.Message) {
	o := outgoing{made: now, wave: strings.HasSuffix(msg.Topic, "/"+wire.LiveWave), Message: msg}
	select {
	case m.out <- o:
	default:
		m.throttle.dropped(now)
	}
}

// cut makes frames of samples whose last is of the time end. A gap before the first is told; whether one is open at the end is returned.
func cut(samples []int, rate int, gap bool, end time.Time) (all []wire.Frame, open bool) {
	if rate <= 0 {
		return nil, gap || len(samples) > 0
	}
	period := 100_000 / rate // tens of microseconds
	var f wire.Frame
	flush := func() {
		if len(f.Samples) > 0 {
			all = append(all, f)
			gap = false
		}
		f = wire.Frame{}
	}
	for i, v := range samples {
		if v < 0 {
			flush()
			gap = true
			continue
		}
		if len(f.Samples) == 0 {
			before := time.Duration(len(samples)-1-i) * time.Duration(period) * 10 * time.Microsecond
			f = wire.Frame{Gap: gap, Start: end.Add(-before).UnixMicro(), Period: uint16(min(period, 1<<16-1)), Bits: 7}
		}
		if v > 127 {
			f.Bits = 8
		}
		if f.Samples = append(f.Samples, byte(min(v, 255))); len(f.Samples) == wire.MostSamples {
			flush()
		}
	}
	flush()
	return all, gap
}
