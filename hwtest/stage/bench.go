package stage

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/firmware/exam"
	"nabz/firmware/screen"
)

// Bench is the peripherals of one kiosk, all attached to one patient.
type Bench struct {
	Dir         string // of the ptys
	Patient     *sim.Patient
	Oximeter    *sim.Contec
	Cuff        *sim.PAR
	Thermometer *sim.SureTemp
	Plugs       map[string]*sim.Plug // by the name of the device
}

// oximeterSpeed limits the oximeter: the exam's stable window is ten seconds of real time, so more frames would not shorten it.
const oximeterSpeed = 2

// NewBench makes the devices with their ptys below dir. Speed is how much faster than life they are; byHand says that finger and probe move
// only when somebody moves them.
func NewBench(dir string, speed float64, byHand bool) Bench {
	p := sim.NewPatient(sim.PatientOpts{})
	o := sim.Opts{Speed: speed, ByHand: byHand}
	slow := sim.Opts{Speed: min(speed, oximeterSpeed), ByHand: byHand}
	b := Bench{
		Dir: dir, Patient: p,
		Oximeter:    sim.NewContec(p, slow),
		Cuff:        sim.NewPAR(p, o),
		Thermometer: sim.NewSureTemp(p, o),
	}
	b.Plugs = map[string]*sim.Plug{}
	for _, name := range Devices {
		d, _ := b.Device(name)
		b.Plugs[name] = sim.NewPlug(b.Path(name), d)
	}
	return b
}

// Devices are the names of what stands on a bench.
var Devices = []string{"oximeter", "cuff", "thermometer"}

// Path is where a device's pty appears.
func (b Bench) Path(device string) string { return filepath.Join(b.Dir, device) }

// Serve runs the devices on their ptys until ctx ends.
func (b Bench) Serve(ctx context.Context) error {
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, plug := range b.Plugs {
		g.Go(func() error { return plug.Run(ctx) })
	}
	return g.Wait()
}

// Device finds a device by its name in commands.
func (b Bench) Device(name string) (sim.Device, bool) {
	d, ok := map[string]sim.Device{"oximeter": b.Oximeter, "cuff": b.Cuff, "thermometer": b.Thermometer}[name]
	return d, ok
}

// Move does what the patient does at this point of the visit: a finger in the probe and the thermometer in place while they are wanted.
func (b Bench) Move(s screen.State) {
	step := exam.StepReview
	if s.Visit != nil {
		step = s.Visit.Step
	}
	if step == exam.StepOximetry {
		b.Oximeter.FingerIn()
	} else {
		b.Oximeter.FingerOut()
	}
	if step == exam.StepTemperature && s.Visit.Prompt != exam.PromptReturnProbe && s.Visit.Prompt != exam.RetryProbeMoved {
		b.Thermometer.TakeProbe()
	} else {
		b.Thermometer.ReturnProbe()
	}
}
