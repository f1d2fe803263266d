package ward

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/bus"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/intake"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
	"nabz/queue"
)

// finger is a visit whose oximeter sends 60 samples a second.
type finger struct{ begun time.Time }

func (f finger) Now() (uplink.Sight, bool) {
	return uplink.Sight{Numerics: wire.Numerics{Visit: "v", Step: "oximetry", SpO2: &wire.Number{V: 97}}}, true
}

func (f finger) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = uint64(time.Since(f.begun)/time.Millisecond)*60/1000 + 1
	for n := after + 1; after > 0 && n <= newest; n++ {
		samples = append(samples, int(n%100))
	}
	return samples, 60, newest
}

// place is a broker, a clinic and one kiosk's real uplink.
type place struct {
	*testing.T
	url string
	hub *Hub
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	b, err := bus.Start(filepath.Join(dir, "broker"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	p := &place{t, "tcp://" + b.Addr(), NewHub(quiet)}
	l, err := ledger.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	record, err := ehr.OpenFolder(filepath.Join(dir, "record"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(record.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	in := intake.New(intake.Opts{Name: "clinic-1", Base: "https://nabz.example/fhir", Broker: broker.Opts{URL: p.url}, Ledger: l, Record: record, Log: quiet})
	p.background(func(ctx context.Context, ready func()) error { return in.Run(ctx, ready) })
	line := Line{Hub: p.hub, Name: "clinic-1", Root: wire.LiveRoot, Broker: broker.Opts{URL: p.url}, Log: quiet}
	p.background(func(ctx context.Context, ready func()) error { return line.Run(ctx, ready) })
	return p
}

// background runs a task until the test ends, and returns when it is ready.
func (p *place) background(run func(context.Context, func()) error) (stop func()) {
	p.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, up := make(chan error, 1), make(chan struct{})
	var once sync.Once
	go func() { ended <- run(ctx, func() { once.Do(func() { close(up) }) }) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			p.Error(err)
		}
	})
	p.Cleanup(stop)
	select {
	case <-up:
	case err := <-ended:
		p.Fatal(err)
	}
	return stop
}

// kiosk is one whose visit never ends.
func (p *place) kiosk(name string) (stop func()) {
	p.Helper()
	dir := p.TempDir()
	q, _, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { q.Close() })
	c, err := clock.Open(filepath.Join(dir, "clock.json"))
	if err != nil {
		p.Fatal(err)
	}
	return p.background(func(ctx context.Context, ready func()) error {
		return uplink.New(uplink.Opts{
			Queue: q, Clock: c, Kiosk: name, Base: "https://nabz.example/fhir", Software: "1", Zone: time.UTC,
			Broker: broker.Opts{URL: p.url, ClientID: name}, Log: quiet, Live: finger{time.Now()},
			Receipt: func(uplink.Receipt) {}, Link: func(l uplink.Link) {
				if l.Clinic {
					ready()
				}
			},
		}).Run(ctx)
	})
}

// until waits for an update that is as the test says.
func (p *place) until(w *Watcher, is func(Update) bool) Update {
	p.Helper()
	for {
		u, err := w.Next(p.Context())
		if err != nil {
			p.Fatal(err)
		}
		if is(u) {
			return u
		}
	}
}

// TestWatchingAKiosk: numbers and wave come while somebody watches, through the real broker from the real uplink; the kiosk that nobody watches sends
// nothing; when the kiosk goes, its will says so, and when it comes back it is watched again without anybody doing anything.
func TestWatchingAKiosk(t *testing.T) {
	p := newPlace(t)
	stop := p.kiosk("bhu-1")
	p.kiosk("bhu-2")
	spy, err := broker.Connect(t.Context(), broker.Opts{URL: p.url, ClientID: "spy"})
	if err != nil {
		t.Fatal(err)
	}
	defer spy.Close()
	others := make(chan string, 1024)
	if err := spy.Subscribe(t.Context(), wire.LiveTopic(wire.LiveRoot, "bhu-2", "+", "+"), 0, func(m broker.Message) { others <- m.Topic }); err != nil {
		t.Fatal(err)
	}
	w := p.hub.Watch("bhu-1", wire.ModeWave)
	defer w.Close()
	p.until(w, func(u Update) bool { return u.State != nil && u.State.St == wire.Online })
	u := p.until(w, func(u Update) bool { return len(u.Frames) > 0 })
	first := u.Session
	p.until(w, func(u Update) bool { return u.Numbers != nil && u.Numbers.Visit == "v" && u.Session == first })
	stop()
	p.until(w, func(u Update) bool { return u.State != nil && u.State.St == wire.Offline })
	p.kiosk("bhu-1")
	p.until(w, func(u Update) bool { return len(u.Frames) > 0 && u.Session != first })
	if len(others) > 0 {
		t.Errorf("a kiosk that nobody watches sent %s", <-others)
	}
}
