package exam

import (
	"slices"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// Score is NEWS2 (RCP 2017, chart 1; clinical rules, section 2), with SpO2 on scale 1. It counts only when nothing is missing: a missing item is
// never scored 0.
type Score struct {
	Total   int      `json:"total"`             // 0 to 20
	Three   bool     `json:"three,omitempty"`   // a single item has three points: urgent
	Missing []string `json:"missing,omitempty"` // what is to be measured or asked for it; Total means nothing then
}

// Risk is "low", "urgent" (within the hour) or "emergency" (within half an hour); empty while something is missing.
func (s Score) Risk() string {
	switch {
	case len(s.Missing) > 0:
		return ""
	case s.Total >= 7:
		return "emergency"
	case s.Total >= 5 || s.Three:
		return "urgent"
	}
	return "low"
}

// scale is the points of one number: those of the first row whose limit it does not pass.
type scale []struct{ upTo, points int }

func (s scale) points(n int) int {
	for _, row := range s {
		if n <= row.upTo {
			return row.points
		}
	}
	return 0
}

const most = 1 << 30

var (
	breathPoints      = scale{{8, 3}, {11, 1}, {20, 0}, {24, 2}, {most, 3}}
	saturationPoints  = scale{{91, 3}, {93, 2}, {95, 1}, {most, 0}}
	systolicPoints    = scale{{90, 3}, {100, 2}, {110, 1}, {219, 0}, {most, 3}}
	pulsePoints       = scale{{40, 3}, {50, 1}, {90, 0}, {110, 1}, {130, 2}, {most, 3}}
	temperaturePoints = scale{{350, 3}, {360, 1}, {380, 0}, {390, 1}, {most, 2}} // tenths of a degree
)

// scoreFrom is the age in months from which NEWS2 is made.
const scoreFrom = 16 * 12

// score is the visit's NEWS2, or nil where none is made: under sixteen or of unknown age, in pregnancy, or when nobody has counted or judged.
func (v *Visit) score() *Score {
	seen, condition := v.condition()
	breaths := v.standing(vitals.KindRespiration)
	if !condition && breaths == nil || seen.Pregnancy == vitals.Pregnant || !grown(v.m.Patient.Birth, v.now) {
		return nil
	}
	s := &Score{}
	rate := vitals.Maybe[vitals.PerMinute]{}
	if breaths != nil {
		rate = breaths.Reading.Measurement.(vitals.Respiration).Rate
	}
	number(s, "respiration", rate, breathPoints)
	s.oximetry(v)
	s.answers(seen)
	var sys vitals.Maybe[vitals.MmHg]
	if bp, ok := v.newestPressure(); ok {
		sys = bp.Systolic
	}
	number(s, "blood-pressure", sys, systolicPoints)
	s.temperature(v)
	slices.Sort(s.Missing)
	s.Missing = slices.Compact(s.Missing)
	return s
}

func (v *Visit) condition() (vitals.Condition, bool) {
	t := v.standing(vitals.KindCondition)
	if t == nil {
		return vitals.Condition{}, false
	}
	return t.Reading.Measurement.(vitals.Condition), true
}

// newestPressure is the mean where there is one, else the newest.
func (v *Visit) newestPressure() (bp vitals.BloodPressure, ok bool) {
	for i := range v.m.Taken {
		t := &v.m.Taken[i]
		if m, is := t.Reading.Measurement.(vitals.BloodPressure); is && t.stands() {
			bp, ok = m, true
		}
	}
	return bp, ok
}

func (s *Score) oximetry(v *Visit) {
	var o vitals.Oximetry
	if t := v.standing(vitals.KindOximetry); t != nil {
		o = t.Reading.Measurement.(vitals.Oximetry)
	}
	number(s, "oximetry", o.SpO2, saturationPoints)
	pulse := o.Pulse
	if bp, ok := v.newestPressure(); ok && !pulse.Known() {
		pulse = bp.Pulse
	}
	number(s, "pulse", pulse, pulsePoints)
}

func (s *Score) temperature(v *Visit) {
	var tenths vitals.Maybe[vitals.MilliCelsius]
	if t := v.standing(vitals.KindTemperature); t != nil {
		if milli, ok := t.Reading.Measurement.(vitals.Temperature).Value.Get(); ok {
			tenths = vitals.Some((milli + 50) / 100) // to the resolution that is shown, then scored
		}
	}
	number(s, "temperature", tenths, temperaturePoints)
}

func (s *Score) answers(c vitals.Condition) {
	switch c.Consciousness {
	case "":
		s.Missing = append(s.Missing, "condition")
	case vitals.Alert:
	default:
		s.add(3)
	}
	switch c.Breathing {
	case "":
		s.Missing = append(s.Missing, "condition")
	case vitals.Oxygen:
		s.Total += 2 // two points are no single three
	}
}

func (s *Score) add(points int) {
	s.Total += points
	s.Three = s.Three || points == 3
}

// number adds the points of a number, or notes that it is missing.
func number[T ~int](s *Score, name string, n vitals.Maybe[T], by scale) {
	if value, ok := n.Get(); ok {
		s.add(by.points(int(value)))
		return
	}
	s.Missing = append(s.Missing, name)
}

// mayBePregnant says that she is to be asked: a woman of 12 to 55 years, or of unknown age.
func (v *Visit) mayBePregnant() bool {
	if v.m.Patient.Sex != reading.Female {
		return false
	}
	first, last, ok := v.m.Patient.BornBetween()
	if !ok || v.now.Source == clock.None || v.now.Source == "" {
		return true
	}
	now := v.now.Wall.UTC()
	return reading.Months(first, now) >= 12*12 && reading.Months(last, now) < 56*12
}

// grown says that the patient is sixteen or older for sure.
func grown(birth string, at clock.Stamp) bool {
	_, last, ok := reading.PatientRef{Birth: birth}.BornBetween()
	return ok && at.Source != clock.None && at.Source != "" && reading.Months(last, at.Wall.UTC()) >= scoreFrom
}
