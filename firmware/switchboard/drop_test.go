package switchboard

import (
	"context"
	"path/filepath"
	"testing"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/sim"
)

// A port that was found in the moment in which nobody waits any more is closed, and others may have it; the board goes on.
func TestPortFoundTooLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oximeter")
	plug := sim.NewPlug(path, sim.NewContec(sim.NewPatient(sim.PatientOpts{}), sim.Opts{}))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- plug.Run(ctx) }()
	<-plug.Ready()
	p := catalogue.All()[0]
	b := New(port.Host)
	w, err := b.system.Open(port.Name{Path: path}, port.Line(p.Lines[0]))
	if err != nil {
		t.Fatal(err)
	}
	l := look{spot: &spot{busy: true}}
	late := &call{answer: make(chan Line, 1)}
	b.calls = []*call{late}
	late.answer <- b.line(l, w, p)
	b.drop(late)
	if l.spot.busy || len(b.calls) > 0 {
		t.Errorf("busy %v, %d calls", l.spot.busy, len(b.calls))
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
