package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

const (
	mostSpread  = 10              // mmHg between the last two of a series; more asks for another
	severeAfter = 5 * time.Minute // to the repeat of a severe pressure
)

// pressures is one reading of a series.
type pressures struct {
	vitals.BloodPressure
	id           string
	device       reading.DeviceRef
	questionable bool
}

// series lists the standing blood pressures that a device measured, oldest first, means apart.
func (v *Visit) series() []pressures {
	var all []pressures
	for i := range v.m.Taken {
		t := &v.m.Taken[i]
		m, ok := t.Reading.Measurement.(vitals.BloodPressure)
		if ok && t.stands() && !t.mean() && t.Reading.Absent == "" && t.Reading.Method == reading.ByDevice {
			all = append(all, pressures{m, t.Reading.ID, t.Reading.Device, t.Reading.Questionable != ""})
		}
	}
	return all
}

// seriesNeeds says whether another blood pressure is to be taken: one is enough below 130/85; else up to the site's number; one more
// when the last two differ, or when the newest is outside the usual range and not confirmed.
func (v *Visit) seriesNeeds() bool {
	if v.m.Replaces != "" {
		return true
	}
	newest := v.standing(vitals.KindBloodPressure)
	if newest == nil {
		return true
	}
	if newest.Reading.Absent != "" || newest.Reading.Method == reading.ByHand {
		return false
	}
	s, most := v.series(), v.m.Settings.Readings
	switch n := len(s); {
	case v.m.Doubt.Hard != 0:
		return true
	case v.m.Doubt.Open && n <= most:
		return true
	case n == 1 && below(s[0].BloodPressure, 130, 85):
		return false
	case n < most:
		return true
	case n == most && n > 1:
		return apart(s[n-2].BloodPressure, s[n-1].BloodPressure)
	}
	return false
}

// below says that both pressures are under these.
func below(m vitals.BloodPressure, systolic, diastolic vitals.MmHg) bool {
	sys, _ := m.Systolic.Get()
	dia, _ := m.Diastolic.Get()
	return sys < systolic && dia < diastolic
}

func apart(a, b vitals.BloodPressure) bool {
	return distance(a.Systolic, b.Systolic) > mostSpread || distance(a.Diastolic, b.Diastolic) > mostSpread
}

func distance(a, b vitals.Maybe[vitals.MmHg]) vitals.MmHg {
	x, _ := a.Get()
	y, _ := b.Get()
	return max(x-y, y-x)
}

// noteSevere begins or ends the wait for the repeat that 180/110 asks for.
func (v *Visit) noteSevere(m vitals.BloodPressure) {
	switch {
	case below(m, 180, 110):
		v.m.Severe = nil
	case v.m.Severe == nil:
		v.m.Severe = &severe{At: v.now}
	case v.since(v.m.Severe.At) >= severeAfter:
		v.m.Severe.Repeated = true
	}
}

// severeWait says that the series is complete and severe, and that its repeat after five minutes is due or waited for.
func (v *Visit) severeWait() bool {
	return v.m.Step == StepBP && v.m.Severe != nil && !v.m.Severe.Repeated
}

// acceptMean makes the mean of the last two when there is none of these two yet. A mean that lost one of its two and cannot be remade is
// retracted.
func (v *Visit) acceptMean() {
	s, old := v.series(), v.standingMean()
	if len(s) < 2 {
		if old != nil {
			v.retract(old, v.m.Operator)
		}
		return
	}
	a, b := s[len(s)-2], s[len(s)-1]
	if old != nil && old.Reading.DerivedFrom[0] == a.id && old.Reading.DerivedFrom[1] == b.id {
		return
	}
	f := finding{measurement: mean(a, b), device: b.device, method: reading.ByDevice, derivedFrom: []string{a.id, b.id}}
	if a.questionable || b.questionable {
		f.questionable = "mean of a questionable reading"
	}
	if old != nil {
		f.supersedes = old.Reading.ID
	}
	v.accept(f)
}

func (v *Visit) standingMean() *taken {
	for i := len(v.m.Taken) - 1; i >= 0; i-- {
		if t := &v.m.Taken[i]; t.stands() && t.mean() {
			return t
		}
	}
	return nil
}

// mean is that of the systolic and the diastolic pressures, a half rounded up.
func mean(a, b pressures) vitals.BloodPressure {
	half := func(x, y vitals.Maybe[vitals.MmHg]) vitals.Maybe[vitals.MmHg] {
		p, _ := x.Get()
		q, _ := y.Get()
		return vitals.Some((p + q + 1) / 2)
	}
	return vitals.BloodPressure{Systolic: half(a.Systolic, b.Systolic), Diastolic: half(a.Diastolic, b.Diastolic)}
}
