// Package clinictest is a clinic for tests: the embedded broker, the intake with its ledger and record, the ward's line, and the real uplink of kiosks
// whose visit never ends.
package clinictest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/bus"
	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/intake"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/broker"
	"nabz/firmware/wire"
	"nabz/provisioning/authority"
)

// Quiet is a log that nobody reads.
var Quiet = slog.New(slog.DiscardHandler)

// base is the identifiers' prefix.
const base = "https://nabz.example/fhir"

// Place is a clinic that runs until its test ends.
type Place struct {
	*testing.T
	Broker string // host:port
	Hub    *ward.Hub
	Book   *chart.Book

	seals intake.Seals
	ca    *authority.Authority // of a clinic to which kiosks seal

	profiles string // folder
}

// New starts one.
func New(t *testing.T) *Place {
	t.Helper()
	return open(t, intake.Seals{}, nil)
}

func open(t *testing.T, seals intake.Seals, ca *authority.Authority) *Place {
	t.Helper()
	dir := t.TempDir()
	b, err := bus.Start(filepath.Join(dir, "broker"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
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
	at := broker.Opts{URL: "tcp://" + b.Addr()}
	in := intake.New(intake.Opts{
		Name: "clinic-1", Base: base, Broker: at, Ledger: l, Record: record, Log: Quiet, Zone: time.FixedZone("PKT", 5*60*60), Seals: seals,
		Profiles: dir,
	})
	p := &Place{t, b.Addr(), ward.NewHub(Quiet), &chart.Book{Base: base, Record: record, Ledger: l, Nudge: in.Nudge}, seals, ca, dir}
	p.Background(in.Run)
	line := ward.Line{Hub: p.Hub, Name: "clinic-1", Root: wire.LiveRoot, Broker: at, Log: Quiet, Seals: &ward.Seals{Keys: seals.Keys}}
	p.Background(line.Run)
	return p
}

// Background runs a task until the test ends, and returns when it has said that it is ready.
func (p *Place) Background(run func(context.Context, func()) error) (stop func()) {
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

// Kiosk starts the uplink of a kiosk, which reaches the broker at addr: the broker's own address, or a wire to it.
func (p *Place) Kiosk(name, addr string, f Finger) (stop func()) {
	p.Helper()
	return p.Unit(name, addr, f).Stop
}
