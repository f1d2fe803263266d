package vitals

// Band is the age band that limits are chosen by. The zero value is an unknown age.
type Band uint8

// The bands. Infant is below one year, Child one to twelve years, Adult above; an unknown age is held to the adult limits, because they
// only decide whether to ask again and how soon to send: no score is made from them.
const (
	UnknownAge Band = iota
	Infant
	Child
	Adult
)

// BandOf chooses the band for an age in completed months.
func BandOf(months int) Band {
	switch {
	case months < 0:
		return UnknownAge
	case months < 12:
		return Infant
	case months < 13*12:
		return Child
	}
	return Adult
}

// Quantity names one limited number.
type Quantity uint8

// The limited numbers, in the units of their types.
const (
	Systolic      Quantity = iota // mmHg
	Diastolic                     // mmHg
	Pulse                         // per minute
	Saturation                    // per cent
	Celsius                       // thousandths of a degree
	Perfusion                     // hundredths of a per cent
	Breaths                       // per minute
	pulsePressure                 // mmHg, systolic less diastolic
	quantities
)

// Range holds the lowest and highest value that is still inside.
type Range struct {
	Low  int `json:"low"`
	High int `json:"high"`
}

// Holds says whether v is inside.
func (r Range) Holds(v int) bool { return v >= r.Low && v <= r.High }

const unlimited = 1 << 30

// Hard limits: outside them no number is believed the first time, at any age (clinical rules, section 1).
var Hard = [quantities]Range{
	Systolic:      {40, 300},
	Diastolic:     {20, 200},
	Pulse:         {20, 300},
	Saturation:    {50, 100},
	Celsius:       {30_000, 43_500},
	Perfusion:     {10, 2000},
	Breaths:       {4, 120},
	pulsePressure: {10, unlimited},
}

// Soft limits: outside them the number is asked for again and confirmed. Rows by Band (clinical rules, section 1). Breaths: adults NEWS2's 3-point
// columns; children fast breathing by the age's own limit (WHO/IMCI, section 3: 40 from one year, 60 for the youngest infants), the lower
// ends from bedside PEWS. The hard limits of breaths are this package's own: nobody is counted under 4 or over 120.
var Soft = [...][quantities]Range{
	UnknownAge: softAdult,
	Adult:      softAdult,
	Child: {
		Systolic: {70, 150}, Diastolic: {35, 100}, Pulse: {60, 180}, Saturation: {92, 100}, Celsius: {35_000, 39_500},
		Perfusion: {40, unlimited}, Breaths: {12, 39}, pulsePressure: {10, unlimited},
	},
	Infant: {
		Systolic: {50, 110}, Diastolic: {25, 75}, Pulse: {80, 210}, Saturation: {90, 100}, Celsius: {35_500, 37_999},
		Perfusion: {70, unlimited}, Breaths: {20, 59}, pulsePressure: {10, unlimited},
	},
}

var softAdult = [quantities]Range{
	Systolic: {80, 200}, Diastolic: {40, 120}, Pulse: {40, 140}, Saturation: {92, 100}, Celsius: {35_000, 39_500},
	Perfusion: {40, unlimited}, Breaths: {9, 24}, pulsePressure: {10, unlimited},
}

// Calm limits: a number outside them is urgent. Adults: the 3-point columns of NEWS2 (RCP 2017, chart 1) and 180/110. Children and
// infants: SpO2 below 90 and soft limits left by a fifth; a fifth of a Celsius value means nothing, so their temperature is urgent
// where it leaves the soft limits of an infant, and for a child where it leaves 35.0..41.0. Anyone who is not alert is urgent.
var Calm = [...][quantities]Range{
	UnknownAge: calmAdult,
	Adult:      calmAdult,
	Child: {
		Systolic: {56, 179}, Diastolic: {28, 109}, Pulse: {48, 216}, Saturation: {90, 100}, Celsius: {35_000, 41_000},
		Perfusion: {0, unlimited}, Breaths: {10, 46}, pulsePressure: {-unlimited, unlimited},
	},
	Infant: {
		Systolic: {40, 132}, Diastolic: {20, 90}, Pulse: {64, 252}, Saturation: {90, 100}, Celsius: {35_500, 37_999},
		Perfusion: {0, unlimited}, Breaths: {16, 70}, pulsePressure: {-unlimited, unlimited},
	},
}

var calmAdult = [quantities]Range{
	Systolic: {91, 179}, Diastolic: {0, 109}, Pulse: {41, 130}, Saturation: {92, 100}, Celsius: {35_001, unlimited},
	Perfusion: {0, unlimited}, Breaths: {9, 24}, pulsePressure: {-unlimited, unlimited},
}

// Judgement is how far a measurement may be believed by its numbers alone.
type Judgement struct {
	Hard   bool // some number is impossible or beyond the hard limits: not believed the first time
	Soft   bool // some number is to be measured again and confirmed
	Urgent bool // some number should reach a doctor before anything else
}

// Judge holds every number of m against the limits of the band. Numbers that are missing are not judged. A perfusion index below its
// soft limit is the exam's business (it makes a reading questionable), so only its hard limits count here.
func Judge(m Measurement, b Band) Judgement {
	var j Judgement
	each(m, func(q Quantity, v int) {
		j.Hard = j.Hard || !Hard[q].Holds(v)
		if q != Perfusion {
			j.Soft = j.Soft || !Soft[b][q].Holds(v)
			j.Urgent = j.Urgent || !Calm[b][q].Holds(v)
		}
	})
	if c, ok := m.(Condition); ok {
		j.Urgent = c.Consciousness != "" && c.Consciousness != Alert
	}
	return j
}

func each(m Measurement, f func(Quantity, int)) {
	switch m := m.(type) {
	case BloodPressure:
		one(f, Systolic, m.Systolic)
		one(f, Diastolic, m.Diastolic)
		one(f, Pulse, m.Pulse)
		if s, ok := m.Systolic.Get(); ok {
			if d, ok := m.Diastolic.Get(); ok {
				f(pulsePressure, int(s-d))
			}
		}
	case Oximetry:
		one(f, Saturation, m.SpO2)
		one(f, Pulse, m.Pulse)
		one(f, Perfusion, m.PI)
	case Temperature:
		one(f, Celsius, m.Value)
	case Respiration:
		one(f, Breaths, m.Rate)
	}
}

func one[T ~int](f func(Quantity, int), q Quantity, v Maybe[T]) {
	if n, ok := v.Get(); ok {
		f(q, int(n))
	}
}
