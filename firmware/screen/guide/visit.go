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
}

// asks are those that do.
var asks = map[string]Place{
	exam.ActSkip: Skip, exam.ActByHand: ByHand, exam.ActRetake: Retake, exam.ActWrongPatient: Wrong, exam.ActCancel: Cancel,
}

func (s Session) tapVisit(v *exam.View, t Tap) (Session, *Call) {
	switch s.Place {
	case Visit:
		return s.act(v, t)
	case Skip:
		return s.reason(v, t)
	case Retake:
		return s.retake(v, t)
	case ByHand:
		return s.typed(v, t)
	case Wrong:
		if t.Do == "sure" && slices.Contains(v.Actions, exam.ActWrongPatient) {
			return s.at(Visit), &Call{What: exam.WrongPatient{Operator: s.Worker}}
		}
	case Cancel:
		if t.Do == "sure" && slices.Contains(v.Actions, exam.ActCancel) {
			return s.at(Visit), &Call{What: exam.Cancel{}}
		}
	}
	return s, nil
}

func (s Session) act(v *exam.View, t Tap) (Session, *Call) {
	if !slices.Contains(v.Actions, t.Do) {
		return s, nil
	}
	if what := acts[t.Do]; what != nil {
		return s, &Call{What: what}
	}
	if p, ok := asks[t.Do]; ok {
		return s.at(p), nil
	}
	return s, nil
}

func (s Session) reason(v *exam.View, t Tap) (Session, *Call) {
	r := exam.SkipReason(t.Value)
	if t.Do != "reason" || !slices.Contains(exam.SkipReasons(), r) || !slices.Contains(v.Actions, exam.ActSkip) {
		return s, nil
	}
	return s.at(Visit), &Call{What: exam.Skip{Reason: r}}
}

func (s Session) retake(v *exam.View, t Tap) (Session, *Call) {
	if t.Do != "kind" || !slices.Contains(v.Retakes, t.Value) {
		return s, nil
	}
	for _, k := range []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature} {
		if k.String() == t.Value {
			return s.at(Visit), &Call{What: exam.Retake{Kind: k}}
		}
	}
	return s, nil
}

// Asked are the numbers that are typed for a step, in order; the last of two or three may be left out.
func Asked(step exam.Step) []string {
	switch step {
	case exam.StepBP:
		return []string{"systolic", "diastolic", "pulse"}
	case exam.StepOximetry:
		return []string{"spo2", "pulse"}
	case exam.StepTemperature:
		return []string{"temperature"}
	}
	return nil
}

// typed takes one number after another and hands them over after the last.
func (s Session) typed(v *exam.View, t Tap) (Session, *Call) {
	asked := Asked(v.Step)
	if t.Do != "next" || !slices.Contains(v.Actions, exam.ActByHand) || len(s.Fields) >= len(asked) {
		return s, nil
	}
	last := len(s.Fields) == len(asked)-1
	if s.Typed == "" && (!last || last && len(asked) == 1) {
		return s, nil
	}
	s.Fields, s.Typed = append(slices.Clone(s.Fields), s.Typed), ""
	if !last {
		return s, nil
	}
	return s.at(Visit), &Call{What: exam.ByHand{Measurement: measured(v.Step, s.Fields)}}
}

func measured(step exam.Step, typed []string) vitals.Measurement {
	switch step {
	case exam.StepBP:
		return vitals.BloodPressure{
			Systolic: number[vitals.MmHg](typed[0], 1), Diastolic: number[vitals.MmHg](typed[1], 1), Pulse: number[vitals.PerMinute](typed[2], 1),
		}
	case exam.StepOximetry:
		return vitals.Oximetry{SpO2: number[vitals.Percent](typed[0], 1), Pulse: number[vitals.PerMinute](typed[1], 1)}
	}
	return vitals.Temperature{Value: number[vitals.MilliCelsius](typed[0], 100), Site: vitals.Axillary} // tenths of a degree
}

func number[T ~int](typed string, factor int) vitals.Maybe[T] {
	n, err := strconv.Atoi(typed)
	if err != nil {
		return vitals.Maybe[T]{}
	}
	return vitals.Some(T(n * factor))
}
