package sim

import (
	"math/rand/v2"
	"sync"

	"nabz/drivers/vitals"
)

// PatientOpts says who the patient is. A zero number stands for a healthy adult's: 122/78 mmHg, 72 /min, 97 %, 4.20 %, 36.8 °C; a zero
// Mean is a third of the way from diastolic to systolic.
type PatientOpts struct {
	// Seed makes measurements of one patient differ a little, as they do in life, and always in the same way. With Seed 0 every
	// measurement gives exactly the numbers below.
	Seed        uint64
	Systolic    vitals.MmHg
	Diastolic   vitals.MmHg
	Mean        vitals.MmHg
	Pulse       vitals.PerMinute
	SpO2        vitals.Percent
	Perfusion   vitals.CentiPercent // below 0.10 % an oximeter finds no pulse
	Temperature vitals.MilliCelsius
	Irregular   bool // the heart beats without rhythm, at the same mean rate
}

// Patient is the one person to whom all devices are attached. It is safe for concurrent use.
type Patient struct {
	mu sync.Mutex
	is PatientOpts
}

// NewPatient returns the patient that o describes.
func NewPatient(o PatientOpts) *Patient {
	p := &Patient{}
	p.Become(o)
	return p
}

// Become lets another person sit down on the same devices.
func (p *Patient) Become(o PatientOpts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.is = o.completed()
}

// Vitals returns the patient's true numbers, none of them missing.
func (p *Patient) Vitals() PatientOpts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.is
}

func (o PatientOpts) completed() PatientOpts {
	orElse(&o.Systolic, 122)
	orElse(&o.Diastolic, 78)
	orElse(&o.Mean, o.Diastolic+(o.Systolic-o.Diastolic)/3)
	orElse(&o.Pulse, 72)
	orElse(&o.SpO2, 97)
	orElse(&o.Perfusion, 420)
	orElse(&o.Temperature, 36_800)
	return o
}

func orElse[T ~int](v *T, healthy T) {
	if *v == 0 {
		*v = healthy
	}
}

// pressures returns what the n-th run of a cuff finds: within 3 mmHg and 2 beats of the truth, and the same each time it is asked.
func (o PatientOpts) pressures(n uint64) PatientOpts {
	if o.Seed == 0 {
		return o
	}
	r := rand.New(rand.NewPCG(o.Seed, n))
	shift := vitals.MmHg(r.IntN(5) - 2)
	o.Systolic += shift + vitals.MmHg(r.IntN(3)-1)
	o.Mean += shift
	o.Diastolic += shift
	o.Pulse += vitals.PerMinute(r.IntN(5) - 2)
	return o
}
