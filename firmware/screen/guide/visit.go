package guide

import (
	"slices"
	"strconv"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
)

// acts are the buttons of the visit that need no second screen.
var acts = map[string]exam.What{
	exam.ActStartCuff: exam.StartCuff{}, exam.ActStopCuff: exam.StopCuff{}, exam.ActNext: exam.Next{}, exam.ActFinish: exam.Finish{},
	exam.ActStartCount: exam.StartCount{}, exam.ActStopCount: exam.StopCount{},
}

// asks are those that do.
var asks = map[string]Place{
	exam.ActSkip: Skip, exam.ActByHand: ByHand, exam.ActRetake: Retake, exam.ActWrongPatient: Wrong, exam.ActCancel: Cancel, exam.ActObserve: More,
}

func (s Session) tapVisit(v *exam.View, t Tap) (Session, Call) {
	switch s.Place {
	case Visit:
		return s.act(v, t)
	case Skip:
		return s.reason(v, t)
	case Retake:
		return s.retake(v, t)
	case ByHand:
		return s.typed(v, t)
	case Site:
		return s.site(v, t)
	case More, Awake, Breathing, Pregnant:
		return s.observe(v, t)
	case Wrong:
		if t.Do == "sure" && slices.Contains(v.Actions, exam.ActWrongPatient) {
			return s.at(Visit), Act{exam.WrongPatient{Operator: s.Operator()}}
		}
	case Cancel:
		if t.Do == "sure" && slices.Contains(v.Actions, exam.ActCancel) {
			return s.at(Visit), Act{exam.Cancel{}}
		}
	}
	return s, nil
}

func (s Session) act(v *exam.View, t Tap) (Session, Call) {
	if t.Do == "breath" && v.Breaths != nil {
		return s, Act{exam.Breath{}}
	}
	if !slices.Contains(v.Actions, t.Do) {
		return s, nil
	}
	if what := acts[t.Do]; what != nil {
		return s, Act{what}
	}
	if t.Do == exam.ActSkip && v.Step == exam.StepRespiration {
		return s, Act{exam.Skip{Reason: exam.SkipOther}} // nobody has to say why breaths were not counted
	}
	if p, ok := asks[t.Do]; ok {
		return s.at(p), nil
	}
	return s, nil
}

func (s Session) reason(v *exam.View, t Tap) (Session, Call) {
	r := exam.SkipReason(t.Value)
	if t.Do != "reason" || !slices.Contains(exam.SkipReasons(), r) || !slices.Contains(v.Actions, exam.ActSkip) {
		return s, nil
	}
	return s.at(Visit), Act{exam.Skip{Reason: r}}
}

// kinds are what can be measured again.
var kinds = []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature}

func (s Session) retake(v *exam.View, t Tap) (Session, Call) {
	if t.Do != "kind" || !slices.Contains(v.Retakes, t.Value) {
		return s, nil
	}
	for _, k := range kinds {
		if k.String() == t.Value {
			return s.at(Visit), Act{exam.Retake{Kind: k}}
		}
	}
	return s, nil
}

// Asked are the numbers that are typed for a step, in order; the pulse may be left out.
func Asked(step exam.Step) []string {
	switch step {
	case exam.StepBP:
		return []string{"systolic", "diastolic", "pulse"}
	case exam.StepOximetry:
		return []string{"spo2", "pulse"}
	case exam.StepTemperature:
		return []string{"temperature"}
	case exam.StepRespiration:
		return []string{"respiration"}
	}
	return nil
}

// typed takes one number after another. The last hands them over; of a temperature it is asked where it was taken.
func (s Session) typed(v *exam.View, t Tap) (Session, Call) {
	asked := Asked(v.Step)
	if t.Do != "next" || !slices.Contains(v.Actions, exam.ActByHand) || len(s.Fields) >= len(asked) {
		return s, nil
	}
	if s.Typed == "" && asked[len(s.Fields)] != "pulse" {
		return s, nil
	}
	s.Fields, s.Typed = append(slices.Clone(s.Fields), s.Typed), ""
	switch {
	case len(s.Fields) < len(asked):
		return s, nil
	case v.Step == exam.StepTemperature:
		s.Place = Site
		return s, nil
	}
	return s.at(Visit), Act{exam.ByHand{Measurement: measured(v.Step, s.Fields, "")}}
}

// sites are where a worker's own thermometer can have been.
var sites = []vitals.Site{vitals.Axillary, vitals.Oral, vitals.Ear, vitals.Forehead, vitals.Rectal}

func (s Session) site(v *exam.View, t Tap) (Session, Call) {
	site := vitals.Site(t.Value)
	if t.Do != "site" || !slices.Contains(sites, site) || v.Step != exam.StepTemperature || len(s.Fields) != 1 {
		return s, nil
	}
	return s.at(Visit), Act{exam.ByHand{Measurement: measured(v.Step, s.Fields, site)}}
}

func measured(step exam.Step, typed []string, site vitals.Site) vitals.Measurement {
	switch step {
	case exam.StepBP:
		return vitals.BloodPressure{
			Systolic: number[vitals.MmHg](typed[0], 1), Diastolic: number[vitals.MmHg](typed[1], 1), Pulse: number[vitals.PerMinute](typed[2], 1),
		}
	case exam.StepOximetry:
		return vitals.Oximetry{SpO2: number[vitals.Percent](typed[0], 1), Pulse: number[vitals.PerMinute](typed[1], 1)}
	case exam.StepRespiration:
		return vitals.Respiration{Rate: number[vitals.PerMinute](typed[0], 1)}
	}
	return vitals.Temperature{Value: number[vitals.MilliCelsius](typed[0], 100), Site: site} // tenths of a degree
}

func number[T ~int](typed string, factor int) vitals.Maybe[T] {
	n, err := strconv.Atoi(typed)
	if err != nil {
		return vitals.Maybe[T]{}
	}
	return vitals.Some(T(n * factor))
}
