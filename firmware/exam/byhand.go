package exam

import (
	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// byHand accepts what the worker measured. A number beyond the hard limits is taken for a slip of the finger the first time.
func (v *Visit) byHand(m vitals.Measurement) {
	if c, ok := m.(vitals.Condition); ok {
		v.judged(c)
		return
	}
	if !v.canByHand() || !complete(m) || m.Kind() != v.m.Step.kind() {
		return
	}
	f := finding{measurement: typed(m), method: reading.ByHand, supersedes: v.m.Replaces}
	hard := left(m, vitals.Hard[:])
	switch {
	case hard == 0:
		v.m.Replaces, v.m.Doubt, v.m.Fault, v.count = "", doubt{}, fault{}, counting{}
		v.accept(f)
	case v.m.Fault.Prompt == PromptCheckNumber && hard&v.m.Doubt.Hard != 0:
		v.acceptUnmeasurable(f, "entered by hand, twice")
	default:
		v.m.Doubt.Hard, v.changed = hard, true
		v.fail(fault{Prompt: PromptCheckNumber})
	}
}

func (v *Visit) canByHand() bool {
	return v.m.Step.kind() != vitals.KindNone && !v.m.Measuring && !v.count.going && v.needs()
}

// complete says that the numbers which make such a measurement are there, and that it is of the body.
func complete(m vitals.Measurement) bool {
	switch m := m.(type) {
	case vitals.BloodPressure:
		return positive(m.Systolic) && positive(m.Diastolic)
	case vitals.Oximetry:
		return positive(m.SpO2) || positive(m.Pulse)
	case vitals.Temperature:
		return positive(m.Value) && m.Mode != vitals.Surface
	case vitals.Respiration:
		return positive(m.Rate)
	}
	return false
}

func positive[T ~int](v vitals.Maybe[T]) bool {
	n, known := v.Get()
	return known && n > 0
}

// typed keeps the numbers that people type.
func typed(m vitals.Measurement) vitals.Measurement {
	if o, ok := m.(vitals.Oximetry); ok {
		return vitals.Oximetry{SpO2: o.SpO2, Pulse: o.Pulse, PI: o.PI}
	}
	return m
}
