package touch

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"nabz/drivers/sim"
	"nabz/firmware/exam"
	"nabz/hwtest/stage"
)

// kits are every simulated device, in as few kiosks as they fit on.
var kits = map[string]stage.Kit{
	"usual":  stage.Usual,
	"second": {"oximeter": "chipox", "cuff": "suntech"},
	"third":  {"oximeter": "nonin", "cuff": "hbp9030"},
	"fourth": {"oximeter": "bci", "cuff": "ua767"},
	"pm6750": {"monitor": "pm6750"},
	"un300c": {"monitor": "un300c"},
}

// steps are what is measured with the device of each table.
var steps = map[string][]exam.Step{
	"oximeter": {exam.StepOximetry}, "cuff": {exam.StepBP}, "thermometer": {exam.StepTemperature}, "monitor": {exam.StepBP, exam.StepOximetry},
}

// wire are the faults that every device can have, own those of what measures at a step.
var (
	wire = []sim.Fault{sim.Silence, sim.Noise, sim.Garbage, sim.Stale, sim.Unplug}
	own  = map[exam.Step][]sim.Fault{
		exam.StepBP: {
			sim.WeakPulse, sim.Motion, sim.LooseCuff, sim.Leak, sim.Blockage, sim.OutOfRange, sim.Overpressure, sim.Saturated, sim.Broken,
		},
		exam.StepOximetry:    {sim.FingerOut, sim.WeakPulse, sim.Motion},
		exam.StepTemperature: {sim.Broken, sim.ProbeMoved},
	}
)

// TestEveryFaultHasAWayOn injects every fault into every simulated device while its step is in hand. Whatever the screen then shows, it offers
// something to do, and a few touches of what it shows lead out of the visit.
func TestEveryFaultHasAWayOn(t *testing.T) {
	t.Parallel() // what it runs waits for its own devices
	for name, kit := range kits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTrouble(t, newKioskOf(t, kit, false, "", nil))
			for table := range kit {
				plug := r.kiosk.bench.Plugs[table]
				for _, step := range steps[table] {
					r.seen = map[string]bool{}
					for _, f := range slices.Concat(own[step], wire) {
						r.at(table+" "+f.String(), step, func() { plug.Inject(f) }, func() { plug.Clear() })
					}
					r.felt(table, step)
				}
			}
		})
	}
}

// chips are the simulated thermometers on I2C, each with how it is put to the patient.
var chips = map[string]func(*sim.Patient) (chip sim.Chip, address uint16, place func()){
	"tmp117": func(p *sim.Patient) (sim.Chip, uint16, func()) {
		c := sim.NewTMP117(p, sim.Opts{Speed: 20})
		return c, 0x48, c.Touch
	},
	"max30205": func(p *sim.Patient) (sim.Chip, uint16, func()) {
		c := sim.NewMAX30205(p, sim.Opts{Speed: 20})
		return c, 0x48, c.Touch
	},
	"mlx90614": func(p *sim.Patient) (sim.Chip, uint16, func()) {
		c := sim.NewMLX90614(p, sim.Opts{Speed: 20})
		return c, 0x5A, c.Aim
	},
	"mlx90632": func(p *sim.Patient) (sim.Chip, uint16, func()) {
		c := sim.NewMLX90632(p, sim.Opts{Speed: 20})
		return c, 0x3A, c.Aim
	},
}

// TestEveryFaultOfABusHasAWayOn does the same to a thermometer on I2C: its wires are cut, its bus hangs, its answers are damaged, it has faults of its own.
func TestEveryFaultOfABusHasAWayOn(t *testing.T) {
	t.Parallel() // what it runs waits for its own devices
	for name, make := range chips {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chip, address, place := make(sim.NewPatient(sim.PatientOpts{}))
			bus := sim.NewI2C()
			bus.Attach(address, chip)
			place()
			r := newTrouble(t, newKioskOf(t, stage.Kit{}, false, name, bus))
			it := chip.(interface {
				Inject(sim.Fault)
				Clear(...sim.Fault)
			})
			for _, f := range []sim.Fault{sim.Broken, sim.Garbage} {
				r.at(f.String(), exam.StepTemperature, func() { it.Inject(f) }, func() { it.Clear() })
			}
			r.at("cut", exam.StepTemperature, func() { bus.Detach(address) }, func() { bus.Attach(address, chip) })
			r.at("hung", exam.StepTemperature, func() { bus.Hang(true) }, func() { bus.Hang(false) })
			r.at("damaged", exam.StepTemperature, func() { bus.Damage(1000) }, func() { bus.Damage(0) })
			r.felt(name, exam.StepTemperature)
		})
	}
}

// trouble is a worker to whose kiosk things happen.
type trouble struct {
	*testing.T
	kiosk  *kiosk
	page   *stage.Page
	worker *stage.Worker
	seen   map[string]bool // the screens that came up
}

func newTrouble(t *testing.T, k *kiosk) *trouble {
	t.Helper()
	h, err := stage.At(k.url)
	if err != nil {
		t.Fatal(err)
	}
	k.connected()
	p := stage.NewPage(h, t.Fatal)
	p.SignIn(stage.WorkerNumber, stage.WorkerPIN)
	return &trouble{t, k, p, stage.NewWorker(k.url), map[string]bool{}}
}

// at opens a visit, goes to the step, lets something happen, watches, and leaves.
func (r *trouble) at(what string, step exam.Step, happens, mended func()) {
	r.Helper()
	r.kiosk.connected()
	r.page.Patient("123")
	for range 4 {
		if st, err := r.worker.State(r.Context()); err != nil || st.Visit == nil || st.Visit.Step == step {
			break
		}
		r.page.Touch("skip", "reason other")
	}
	happens()
	if step == exam.StepBP {
		r.page.Touch("start-cuff")
	}
	for range 9 {
		st, err := r.worker.State(r.Context())
		if err != nil {
			r.Fatal(err)
		}
		r.kiosk.bench.Move(st)
		r.page.Look()
		r.seen[r.page.Shows()] = true
		if ways := slices.DeleteFunc(r.page.Offers(), beside); len(ways) == 0 {
			r.Fatalf("%s: %s offers nothing", what, r.page.Shows())
		}
		stage.Wait(r.Context(), stage.Glance)
	}
	if !r.page.Home() {
		r.Fatalf("%s: no way out of %s: %v", what, r.page.Shows(), r.page.Offers())
	}
	mended()
	r.page.Touch("back")
}

// beside says that a touch leads nowhere in the visit.
func beside(tap string) bool { return tap == "status" || strings.HasPrefix(tap, "lang ") }

// felt says whether the faults of a step were told at all: a test whose faults nobody feels proves nothing.
func (r *trouble) felt(device string, step exam.Step) {
	r.Helper()
	if !r.seen["fault"] && !r.seen["missing"] {
		r.Errorf("%s, %s: no fault was told: %v", device, step, slices.Sorted(maps.Keys(r.seen)))
	}
}
