package exam

import (
	"strings"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// doubt is what the step's last measurement was beyond, so that a repeat can say the same.
type doubt struct {
	Hard beyond `json:"hard,omitempty"`
	Soft beyond `json:"soft,omitempty"` // every soft limit left so far in the step
	Open bool   `json:"open,omitempty"` // the newest reading waits for its confirmation
}

// beyond is the set of limits that a measurement leaves: two bits for each quantity, below and above.
type beyond uint16

// contradiction is a pulse pressure under its limit or negative: the pressures belie each other.
const contradiction beyond = 1 << 15

// verdict is how far a measurement is believed in the light of the one before.
type verdict uint8

const (
	believed     verdict = iota
	unconfirmed          // outside the usual range for the first time: believed, and asked for again
	notBelieved          // beyond what can be: no reading
	unmeasurable         // beyond it again: the patient is to be looked at
)

// judge decides, and remembers for the next measurement of the step.
func (v *Visit) judge(m vitals.Measurement) verdict {
	d, band := &v.m.Doubt, v.band()
	hard := left(m, vitals.Hard[:])
	if hard != 0 {
		again := hard&d.Hard != 0
		d.Hard, d.Open, v.changed = hard, false, true
		if again {
			return unmeasurable
		}
		return notBelieved
	}
	soft := left(m, vitals.Soft[band][:])
	fresh := soft &^ d.Soft
	d.Hard, d.Soft, d.Open = 0, d.Soft|soft, fresh != 0
	if fresh != 0 {
		return unconfirmed
	}
	return believed
}

// left says which limits the numbers of m leave. The perfusion index is the signal's business, not the patient's.
func left(m vitals.Measurement, limits []vitals.Range) beyond {
	var b beyond
	switch m := m.(type) {
	case vitals.BloodPressure:
		b = side(b, limits, vitals.Systolic, m.Systolic)
		b = side(b, limits, vitals.Diastolic, m.Diastolic)
		b = side(b, limits, vitals.Pulse, m.Pulse)
		sys, known := m.Systolic.Get()
		if dia, both := m.Diastolic.Get(); known && both && sys-dia < leastPulsePressure {
			b |= contradiction
		}
	case vitals.Oximetry:
		b = side(b, limits, vitals.Saturation, m.SpO2)
		b = side(b, limits, vitals.Pulse, m.Pulse)
	case vitals.Temperature:
		b = side(b, limits, vitals.Celsius, m.Value)
	case vitals.Respiration:
		b = side(b, limits, vitals.Breaths, m.Rate)
	}
	return b
}

// leastPulsePressure is systolic less diastolic at its hard limit, mmHg.
const leastPulsePressure = 10

func side[T ~int](b beyond, limits []vitals.Range, q vitals.Quantity, v vitals.Maybe[T]) beyond {
	n, known := v.Get()
	switch {
	case known && int(n) < limits[q].Low:
		return b | 1<<(2*q)
	case known && int(n) > limits[q].High:
		return b | 2<<(2*q)
	}
	return b
}

// offer judges a device's result and accepts what may be accepted. It says whether a reading came of it.
func (v *Visit) offer(f finding, repeatSupersedes bool) bool {
	f.method, f.supersedes = reading.ByDevice, v.m.Replaces
	switch v.judge(f.measurement) {
	case notBelieved:
		v.fail(fault{Prompt: PromptNotBelieved, Flags: f.flags})
		return false
	case unmeasurable:
		v.acceptUnmeasurable(f, "the device said, and said again")
		return true
	case unconfirmed:
		f.questionable = also(f.questionable, "outside the usual range, not yet confirmed by a repeat")
	case believed:
	}
	v.m.Fault = fault{}
	r := v.accept(f)
	v.m.Replaces = ""
	if v.m.Doubt.Open {
		v.m.Fault = fault{Prompt: PromptConfirm}
		if repeatSupersedes {
			v.m.Replaces = r.ID
		}
	}
	return true
}

// acceptUnmeasurable sends for help: no number, and what was said in the note.
func (v *Visit) acceptUnmeasurable(f finding, who string) {
	f.note = "unmeasurable (beyond limits): check the patient, call the doctor; " + who + ": " + said(f.measurement)
	f.absent, f.questionable = reading.AbsentError, ""
	f.measurement = withoutNumbers(f.measurement)
	v.accept(f)
	v.m.Replaces, v.m.Doubt, v.m.Fault = "", doubt{}, fault{Prompt: PromptCheckPatient}
}

func withoutNumbers(m vitals.Measurement) vitals.Measurement {
	if t, ok := m.(vitals.Temperature); ok {
		return vitals.Temperature{Site: t.Site, Mode: t.Mode}
	}
	return empty(m.Kind())
}

// said writes what a device showed, for a person to read.
func said(m vitals.Measurement) string {
	switch m := m.(type) {
	case vitals.BloodPressure:
		return "systolic " + m.Systolic.String() + ", diastolic " + m.Diastolic.String() + ", pulse " + m.Pulse.String()
	case vitals.Oximetry:
		return "SpO2 " + m.SpO2.String() + ", pulse " + m.Pulse.String() + ", perfusion index " + m.PI.String()
	case vitals.Temperature:
		return "temperature " + m.Value.String()
	case vitals.Respiration:
		return "respiratory rate " + m.Rate.String()
	}
	return ""
}

// also joins reasons.
func also(reasons ...string) string {
	var all []string
	for _, r := range reasons {
		if r != "" {
			all = append(all, r)
		}
	}
	return strings.Join(all, "; ")
}
