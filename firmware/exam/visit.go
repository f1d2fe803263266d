package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// Step is where a visit stands.
type Step string

// The steps, in order. Done and Cancelled are the ends.
const (
	StepPatient     Step = "patient"
	StepBP          Step = "blood-pressure"
	StepOximetry    Step = "oximetry"
	StepTemperature Step = "temperature"
	StepRespiration Step = "respiration" // beside the review: breaths are counted
	StepReview      Step = "review"
	StepDone        Step = "done"
	StepCancelled   Step = "cancelled"
)

// Visit is one visit. It is not safe for concurrent use.
type Visit struct {
	m memory // what a restart must not lose

	now    clock.Stamp // of the newest event
	cuff   vitals.Maybe[vitals.MmHg]
	oxi    oximetry
	thermo thermo
	count  counting
	spoken string // the prompt that Speak named last, and when
	spoke  clock.Stamp

	// of the event in hand
	id      string
	made    int // ids given away
	changed bool
	effects []Effect
}

// New begins a visit with the id of a UUIDv7. Settings that Validate refuses are replaced by the defaults.
func New(id string, s Settings) *Visit {
	return &Visit{m: memory{Version: version, ID: id, Settings: s.safe(), Step: StepPatient}}
}

// Step takes one event and says what is to be done, in order. It returns nil when nothing is.
func (v *Visit) Step(e Event) []Effect {
	v.id, v.made, v.changed, v.effects = e.ID, 0, false, nil
	v.pass(e.At)
	tick := false
	switch w := e.What.(type) {
	case Arrived:
		v.arrived(&w)
	case Tick:
		tick = true
		v.tick()
	default:
		v.act(e.What)
	}
	return v.result(tick)
}

// act does what is neither a sample nor the time.
func (v *Visit) act(what What) {
	switch w := what.(type) {
	case Identify:
		v.identify(w)
	case StartCuff:
		v.startCuff()
	case StopCuff:
		v.stopCuff(RetryStopped)
	case CuffFailed:
		v.cuffFailed(RetryNoResult)
	case DeviceLost:
		v.deviceLost(w.Kind)
	case DeviceBack:
		v.deviceBack(w.Kind)
	case Skip:
		v.skip(w.Reason)
	case Retake:
		v.retake(w.Kind)
	case Cancel:
		v.cancel()
	case ByHand:
		v.byHand(w.Measurement)
	case WrongPatient:
		v.wrongPatient(w.Operator)
	case Next:
		v.next()
	case Finish:
		v.finish()
	case Observe:
		v.observe()
	case StartCount:
		v.startCount()
	case StopCount:
		v.stopCount()
	case Breath:
		v.breath()
	case TakeOver:
		v.takeOver(w.Operator)
	case Withdraw:
		v.withdraw(w.Operator)
	case Correct:
		v.correct(w.Measurement, w.Operator)
	}
}

// arrived hands a sample to the step that waits for it. It takes a pointer because samples come a hundred a second.
func (v *Visit) arrived(a *Arrived) {
	switch kind := a.Sample.Kind; {
	case kind == vitals.KindCuffPressure && v.m.Measuring:
		v.cuff = a.Sample.Cuff
	case kind == vitals.KindBloodPressure && v.m.Measuring:
		v.cuffResult(a)
	case kind == vitals.KindOximetry && v.m.Step == StepOximetry && v.needs():
		v.oximetrySample(a)
	case kind == vitals.KindTemperature && v.m.Step == StepTemperature && v.needs():
		v.temperatureSample(a)
	}
}

func (v *Visit) tick() {
	if v.m.Measuring && v.since(v.m.Inflations[len(v.m.Inflations)-1]) >= longestInflation {
		v.stopCuff(RetryTimedOut)
	}
	if v.oxi.silent(v.now.SinceBoot) {
		v.oxi = oximetry{}
	}
	v.thermo.hush(v.now.SinceBoot)
	v.counted()
}

// minSpeech keeps a prompt that flickers with a trembling finger from being spoken at every tremble.
const minSpeech = 2 * time.Second

// result puts Show first and Speak last. What changed by time alone is spoken at a tick.
func (v *Visit) result(tick bool) []Effect {
	if !v.changed && !tick {
		return nil
	}
	effects := v.effects
	if v.changed {
		effects = append([]Effect{Show{}}, effects...)
	}
	p := v.prompt()
	if p == v.spoken || !v.changed && v.spoken != "" && v.since(v.spoke) < minSpeech {
		return effects
	}
	v.spoken, v.spoke = p, v.now
	return append(effects, Speak{Key: p})
}

// pass moves the visit's time. After a boot, the time since anything before is unknown: it all counts as if it had just been.
func (v *Visit) pass(at clock.Stamp) {
	open := v.m.Step != StepPatient && !v.m.Step.ended()
	if open && at.Boot != v.now.Boot {
		v.oxi, v.thermo, v.count = oximetry{}, thermo{}, counting{}
		v.m.reboot(at)
		v.changed = true
	}
	if open && v.m.Interrupted {
		v.m.Interrupted, v.m.Ended = false, at
		v.changed = true
	}
	v.now, v.m.Now = at, at
}

// since is the time from an earlier stamp to now; what is unknown or negative is no time at all.
func (v *Visit) since(s clock.Stamp) time.Duration {
	d, known := v.now.Since(s)
	if !known {
		return 0
	}
	return max(0, d)
}

func (v *Visit) identify(w Identify) {
	if v.m.Step != StepPatient || w.Patient.Type == "" || w.Patient.Value == "" || w.Operator == "" {
		return
	}
	v.m.Patient, v.m.Operator, v.m.RestFrom = w.Patient, w.Operator, v.now
	v.m.Began, v.m.Agreed = v.now, w.Agreed
	v.enter(v.plan()[0])
}

func (v *Visit) band() vitals.Band { return band(v.m.Patient, v.now) }

// band is the patient's age band at the stamp; unknown when the clock is.
func band(p reading.PatientRef, at clock.Stamp) vitals.Band {
	if at.Source == clock.None || at.Source == "" {
		return vitals.UnknownAge
	}
	return p.Band(at.Wall)
}

func (v *Visit) emit(e Effect) { v.effects = append(v.effects, e) }
