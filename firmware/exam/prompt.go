package exam

import "time"

// prompt is the key of what the visit waits for or says.
func (v *Visit) prompt() string {
	switch v.m.Step {
	case StepPatient:
		return PromptIdentify
	case StepReview:
		return PromptReview
	case StepDone:
		return PromptDone
	case StepCancelled:
		return PromptCancelled
	}
	if v.m.Fault.Prompt != "" {
		return v.m.Fault.Prompt
	}
	switch v.m.Step {
	case StepBP:
		return v.pressurePrompt()
	case StepOximetry:
		return v.oximetryPrompt()
	case StepRespiration:
		return v.countPrompt()
	}
	return v.temperaturePrompt()
}

func (v *Visit) pressurePrompt() string {
	wait, why := v.cuffWait()
	switch {
	case v.m.Measuring:
		return PromptMeasuring
	case v.needs() && wait > 0:
		return why
	case v.needs():
		return PromptReady
	case v.severeWait():
		return PromptRepeatIn5
	case v.m.Severe != nil:
		return PromptCallDoctor
	}
	return PromptBPDone
}

func (v *Visit) oximetryPrompt() string {
	switch {
	case !v.needs():
		return PromptOximetryDone
	case v.oxi.finger:
		return PromptHoldStill
	}
	return PromptFingerIn
}

func (v *Visit) countPrompt() string {
	switch {
	case !v.needs():
		return PromptCountDone
	case v.count.going:
		return PromptCounting
	}
	return PromptCount
}

func (v *Visit) temperaturePrompt() string {
	switch {
	case !v.needs():
		return PromptTemperatureDone
	case v.thermo.prompt != "":
		return v.thermo.prompt
	}
	return PromptPlaceProbe
}

// countdown is what is left of a pause, of the oximeter's window, or of a contact probe's dwell; 0 when nothing is waited for by time.
func (v *Visit) countdown() time.Duration {
	switch {
	case v.m.Step == StepBP && !v.m.Measuring && v.needs():
		wait, _ := v.cuffWait()
		return wait
	case v.m.Step == StepBP && !v.m.Measuring && v.severeWait():
		return max(0, severeAfter-v.since(v.m.Severe.At))
	case v.count.going:
		return v.countLeft()
	case v.m.Step == StepOximetry && v.needs() && v.oxi.finger:
		return v.oxi.left(v.now.SinceBoot)
	case v.m.Step == StepTemperature && v.needs() && v.thermo.direct.contact:
		return max(0, dwell(v.thermo.direct.site)-(v.now.SinceBoot-v.thermo.direct.since))
	}
	return 0
}

// left is what is missing of the steady window.
func (o *oximetry) left(now time.Duration) time.Duration {
	if settle := settleTime - (now - o.in); settle > 0 {
		return settle + steadyTime
	}
	steady := min(o.spo2.length(o.spo2.good(), now), o.pulse.length(o.pulse.good(), now))
	return max(0, steadyTime-steady)
}
