package stage

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/screen"
)

// Kit is what stands on a bench: the protocol of each device, by its table in kiosk.toml.
type Kit map[string]string

// Usual is what most kiosks have.
var Usual = Kit{"oximeter": "contec", "cuff": "par", "thermometer": "suretemp"}

// Devices are the names of the usual ones, in their order on a machine's ports.
var Devices = []string{"oximeter", "cuff", "thermometer"}

// Bench is the peripherals of one kiosk on serial lines, all attached to one patient.
type Bench struct {
	Dir     string // of the ptys
	Kit     Kit
	Patient *sim.Patient
	Plugs   map[string]*sim.Plug  // by the name of the device
	Sims    map[string]sim.Device // likewise
}

// oximeterSpeed limits what measures oxygen: the exam's stable window is ten seconds of real time, so more frames would not shorten it.
const oximeterSpeed = 2

// NewBench makes the usual devices with their ptys below dir. Speed is how much faster than life they are; byHand says that finger and probe
// move only when somebody moves them.
func NewBench(dir string, speed float64, byHand bool) Bench {
	return NewBenchOf(Usual, dir, speed, byHand)
}

// NewBenchOf makes the devices of a kit.
func NewBenchOf(kit Kit, dir string, speed float64, byHand bool) Bench {
	b := Bench{Dir: dir, Kit: kit, Patient: sim.NewPatient(sim.PatientOpts{}), Plugs: map[string]*sim.Plug{}, Sims: map[string]sim.Device{}}
	for name, protocol := range kit {
		o := sim.Opts{Speed: speed, ByHand: byHand}
		if name == "oximeter" {
			o.Speed = min(speed, oximeterSpeed)
		}
		b.Sims[name] = makers[protocol](b.Patient, o)
		b.Plugs[name] = sim.NewPlug(b.Path(name), b.Sims[name])
	}
	return b
}

// makers make a simulated device by the protocol that it speaks.
var makers = map[string]func(*sim.Patient, sim.Opts) sim.Device{
	"contec":   func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewContec(p, o) },
	"bci":      func(p *sim.Patient, o sim.Opts) sim.Device { o.Model = sim.BerryBCI; return sim.NewContec(p, o) },
	"nonin":    func(p *sim.Patient, o sim.Opts) sim.Device { o.Format = 7; return sim.NewNonin(p, o) },
	"chipox":   func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewChipOx(p, o) },
	"par":      func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewPAR(p, o) },
	"suntech":  func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewSunTech(p, o) },
	"hbp9030":  func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewHBP9030(p, o) },
	"ua767":    func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewUA767(p, o) },
	"suretemp": func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewSureTemp(p, o) },
	"pm6750":   func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewPM6750(p, o) },
	"un300c":   func(p *sim.Patient, o sim.Opts) sim.Device { return sim.NewUN300C(p, o) },
}

// Path is where a device's pty appears.
func (b Bench) Path(device string) string { return filepath.Join(b.Dir, device) }

// Wired is how a kiosk on this machine is connected to it.
func (b Bench) Wired() (all []Wired) {
	for _, name := range slices.Sorted(maps.Keys(b.Kit)) {
		all = append(all, Wired{Table: name, Protocol: b.Kit[name], Path: b.Path(name)})
	}
	return all
}

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
	d, ok := b.Sims[name]
	return d, ok
}

// What hands can do to a device.
type (
	fingered interface{ FingerIn() }
	probed   interface{ TakeProbe() }
	pushed   interface {
		PressStart()
		Pressure() vitals.MmHg
	}
)

// Finger puts the patient's finger into whatever measures oxygen, or takes it out.
func (b Bench) Finger(in bool) {
	for _, d := range b.Sims {
		switch f, ok := d.(fingered); {
		case ok && in:
			f.FingerIn()
		case ok:
			d.(interface{ FingerOut() }).FingerOut()
		}
	}
}

// Probe puts the thermometer in place, or back into its holder.
func (b Bench) Probe(placed bool) {
	for _, d := range b.Sims {
		switch p, ok := d.(probed); {
		case ok && placed:
			p.TakeProbe()
		case ok:
			d.(interface{ ReturnProbe() }).ReturnProbe()
		}
	}
}

// Move does what the patient does at this point of the visit: a finger in the probe and the thermometer in place while they are wanted, and a
// press on start where the cuff has that button.
func (b Bench) Move(s screen.State) {
	step, prompt := exam.StepReview, ""
	if s.Visit != nil {
		step, prompt = s.Visit.Step, s.Visit.Prompt
	}
	b.Finger(step == exam.StepOximetry)
	b.Probe(step == exam.StepTemperature && prompt != exam.PromptReturnProbe && prompt != exam.RetryProbeMoved)
	if p, ok := b.Sims["cuff"].(pushed); ok && prompt == exam.PromptMeasuring && p.Pressure() == 0 {
		p.PressStart()
	}
}
