package exam

import (
	"slices"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// measuring lists the steps that measure, in the usual order.
var measuring = [...]Step{StepBP, StepOximetry, StepTemperature}

// plan is what this visit measures, in order. What the site leaves out can still be measured again, or typed, if it was measured at all.
func (v *Visit) plan() []Step {
	if len(v.m.Settings.Steps) == 0 {
		return measuring[:]
	}
	return v.m.Settings.Steps
}

func (s Step) kind() vitals.Kind {
	switch s {
	case StepBP:
		return vitals.KindBloodPressure
	case StepOximetry:
		return vitals.KindOximetry
	case StepTemperature:
		return vitals.KindTemperature
	case StepRespiration:
		return vitals.KindRespiration
	}
	return vitals.KindNone
}

func stepOf(k vitals.Kind) Step {
	for _, s := range measuring {
		if s.kind() == k {
			return s
		}
	}
	return ""
}

func (s Step) ended() bool { return s == StepDone || s == StepCancelled }

// needs says whether the step still asks for a measurement.
func (v *Visit) needs() bool {
	switch v.m.Step {
	case StepBP:
		return v.seriesNeeds()
	case StepOximetry, StepTemperature, StepRespiration:
		return v.m.Replaces != "" || v.standing(v.m.Step.kind()) == nil
	}
	return false
}

// enter begins a step with nothing of an earlier one in hand.
func (v *Visit) enter(s Step) {
	v.leave()
	v.m.Step = s
	v.changed = true
}

// leave stops the cuff, settles the mean and forgets what the step was in the middle of.
func (v *Visit) leave() {
	if v.m.Measuring {
		v.m.endInflation(v.now)
		v.emit(Abort{})
	}
	if v.m.Step == StepBP {
		v.acceptMean()
	}
	v.m.Replaces, v.m.Doubt, v.m.Fault = "", doubt{}, fault{}
	v.cuff, v.oxi, v.thermo, v.count = vitals.Maybe[vitals.MmHg]{}, oximetry{}, thermo{}, counting{}
}

// advance goes to the next step that is not settled yet, or to the review.
func (v *Visit) advance() {
	if v.m.Step == StepRespiration {
		v.enter(StepReview)
		return
	}
	after := slices.Index(v.plan(), v.m.Step) + 1
	for _, s := range v.plan()[after:] {
		if v.standing(s.kind()) == nil {
			v.enter(s)
			return
		}
	}
	v.enter(StepReview)
}

func (v *Visit) next() {
	if v.canNext() {
		v.advance()
	}
}

func (v *Visit) canNext() bool {
	return v.m.Step.kind() != vitals.KindNone && !v.m.Measuring && !v.needs()
}

func (v *Visit) skip(why SkipReason) {
	if !v.canSkip() || !slices.Contains(SkipReasons(), why) {
		return
	}
	step := v.m.Step
	if stepOf(step.kind()) != "" && v.standing(step.kind()) == nil {
		v.notPerformed(step.kind(), why)
	}
	v.advance()
}

func (v *Visit) canSkip() bool {
	return v.m.Step.kind() != vitals.KindNone && (v.m.Measuring || v.needs())
}

func (v *Visit) retake(k vitals.Kind) {
	if !v.canRetake(k) {
		return
	}
	v.enter(stepOf(k))
	v.m.Replaces = v.standing(k).Reading.ID
}

// canRetake says that there is something of that kind to replace, and that its replacement is not what the step is doing anyway.
func (v *Visit) canRetake(k vitals.Kind) bool {
	if v.m.Step == StepPatient || v.m.Step.ended() || stepOf(k) == "" || v.standing(k) == nil {
		return false
	}
	return v.m.Step.kind() != k || v.m.Replaces == "" && !v.m.Measuring
}

func (v *Visit) cancel() {
	if !v.m.Step.ended() {
		v.enter(StepCancelled)
	}
}

func (v *Visit) finish() {
	if v.m.Step == StepReview {
		v.enter(StepDone)
	}
}

func (v *Visit) canRetract() bool { return v.m.Step != StepPatient && !v.m.Step.ended() }

func (v *Visit) wrongPatient(operator string) {
	if !v.canRetract() {
		return
	}
	if operator == "" {
		operator = v.m.Operator
	}
	for i := range v.m.Taken {
		if t := &v.m.Taken[i]; !t.Retracted {
			v.retract(t, operator)
		}
	}
	v.enter(StepCancelled)
}

func (v *Visit) retract(t *taken, operator string) {
	t.Retracted, v.changed = true, true
	r := reading.Retraction{ID: v.newID(), Of: t.Reading, Operator: operator, Taken: v.now}
	v.m.Retractions = append(v.m.Retractions, r)
	v.emit(Retract{r})
}

// deviceLost ends what the device was in the middle of.
func (v *Visit) deviceLost(k vitals.Kind) {
	switch {
	case k == vitals.KindBloodPressure || k == vitals.KindCuffPressure:
		v.cuffFailed(PromptDeviceLost)
	case k == v.m.Step.kind() && v.needs():
		v.oxi, v.thermo = oximetry{}, thermo{}
		v.fail(fault{Prompt: PromptDeviceLost})
	}
}

// deviceBack ends the message about a device that was gone.
func (v *Visit) deviceBack(k vitals.Kind) {
	if k == v.m.Step.kind() && v.m.Fault.Prompt == PromptDeviceLost {
		v.fail(fault{})
	}
}

// fail remembers why the step has no result yet. The same fault again is no change.
func (v *Visit) fail(f fault) {
	if v.m.Fault != f {
		v.m.Fault = f
		v.changed = true
	}
}
