package exam

import (
	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// withdraw retracts everything of a visit that is over: it was the wrong patient's.
func (v *Visit) withdraw(operator string) {
	if !v.m.Step.ended() || operator == "" {
		return
	}
	for i := range v.m.Taken {
		if t := &v.m.Taken[i]; !t.Retracted {
			v.retract(t, operator)
		}
	}
	if v.changed {
		v.m.Step = StepCancelled
	}
}

// correct replaces a number that was entered by hand, in a visit that is over. What a device measured is not overwritten. The reading that takes
// its place was taken when the first was, by whoever corrects it.
func (v *Visit) correct(m vitals.Measurement, operator string) {
	if !v.m.Step.ended() || operator == "" || !complete(m) || left(m, vitals.Hard[:]) != 0 {
		return
	}
	old := v.standing(m.Kind())
	if old == nil || !correctable(old) {
		return
	}
	r := old.Reading
	if t, ok := m.(vitals.Temperature); ok {
		t.Site = r.Measurement.(vitals.Temperature).Site
		m = t
	}
	v.accept(finding{
		measurement: typed(m), method: reading.ByHand, supersedes: r.ID, note: "corrected afterwards", taken: &r.Taken, operator: operator,
	})
}

// correctable says that the number was typed.
func correctable(t *taken) bool {
	return t.Reading.Method == reading.ByHand && t.Reading.Absent == "" && t.Reading.Window == 0
}

// corrections are the kinds that Correct takes.
func (v *Visit) corrections() (kinds []string) {
	if !v.m.Step.ended() {
		return nil
	}
	for _, k := range []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature, vitals.KindRespiration} {
		if t := v.standing(k); t != nil && correctable(t) {
			kinds = append(kinds, k.String())
		}
	}
	return kinds
}
