package main

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
)

// bench is the peripherals of one kiosk, all attached to one patient.
type bench struct {
	dir     string
	patient *sim.Patient

	oximeter    *sim.Contec
	cuff        *sim.PAR
	thermometer *sim.SureTemp
	plugs       map[string]*sim.Plug // by the name of the device
}

// oximeterSpeed limits the oximeter: the exam's stable window is ten seconds of real time, so more frames would not shorten it.
const oximeterSpeed = 2

// newBench makes the devices with their ptys below dir. Speed is how much faster than life they are; byHand says that finger and probe move
// only when somebody moves them.
func newBench(dir string, speed float64, byHand bool) bench {
	p := sim.NewPatient(sim.PatientOpts{})
	o := sim.Opts{Speed: speed, ByHand: byHand}
	slow := sim.Opts{Speed: min(speed, oximeterSpeed), ByHand: byHand}
	b := bench{
		dir: dir, patient: p,
		oximeter:    sim.NewContec(p, slow),
		cuff:        sim.NewPAR(p, o),
		thermometer: sim.NewSureTemp(p, o),
	}
	b.plugs = map[string]*sim.Plug{
		"oximeter":    sim.NewPlug(b.oximeterPath(), b.oximeter),
		"cuff":        sim.NewPlug(b.cuffPath(), b.cuff),
		"thermometer": sim.NewPlug(b.thermometerPath(), b.thermometer),
	}
	return b
}

func (b bench) oximeterPath() string    { return filepath.Join(b.dir, "oximeter") }
func (b bench) cuffPath() string        { return filepath.Join(b.dir, "cuff") }
func (b bench) thermometerPath() string { return filepath.Join(b.dir, "thermometer") }

// serve runs the devices until ctx ends.
func (b bench) serve(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, plug := range b.plugs {
		g.Go(func() error { return plug.Run(ctx) })
	}
	return g.Wait()
}

// device finds a device by its name in commands.
func (b bench) device(name string) (sim.Device, bool) {
	d, ok := map[string]sim.Device{"oximeter": b.oximeter, "cuff": b.cuff, "thermometer": b.thermometer}[name]
	return d, ok
}
