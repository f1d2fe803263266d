package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

const (
	longestInflation = 180 * time.Second // cuff-on; the driver's own watchdog is shorter
	mostInflations   = 4                 // on one patient
	limitedTime      = 10 * time.Minute  // in so much time
)

// startCuff is the only way to an inflation: one press, one inflation.
func (v *Visit) startCuff() {
	if !v.canStartCuff() {
		return
	}
	v.m.Measuring, v.m.Fault = true, fault{}
	v.m.Inflations = append(v.m.Inflations, v.now)
	if n := len(v.m.Inflations); n > mostInflations {
		v.m.Inflations = append(v.m.Inflations[:0], v.m.Inflations[n-mostInflations:]...)
	}
	v.changed = true
	v.emit(Measure{vitals.Inflation{First: v.firstPressure(), Who: v.band()}})
}

func (v *Visit) canStartCuff() bool {
	wanted := v.m.Step == StepBP && (v.needs() || v.severeWait())
	wait, _ := v.cuffWait()
	return wanted && !v.m.Measuring && wait == 0
}

// cuffWait is how long the cuff must still not inflate, and the prompt that says why.
func (v *Visit) cuffWait() (time.Duration, string) {
	n := len(v.m.Inflations)
	if n == 0 {
		return max(0, v.m.Settings.Rest-v.since(v.m.RestFrom)), PromptRest
	}
	gap := v.m.Settings.Gap
	if !v.m.Interrupted {
		gap = max(0, gap-v.since(v.m.Ended))
	}
	if n == mostInflations {
		limit := min(limitedTime, v.m.Settings.limited()) - v.since(v.m.Inflations[0])
		if limit > gap {
			return limit, PromptInflationLimit
		}
	}
	return gap, PromptGap
}

// limited is the time in which four inflations are the most. Practice shortens it with the gap.
func (s Settings) limited() time.Duration {
	if s.Practice && s.Gap < time.Minute {
		return 10 * s.Gap
	}
	return limitedTime
}

// firstPressure is above the pressure that is expected: 30 mmHg above the last systolic, or the usual start at that age. All of
// its values are ones that every cuff board we know takes.
func (v *Visit) firstPressure() vitals.MmHg {
	low, high := vitals.MmHg(140), vitals.MmHg(240)
	usual := vitals.MmHg(160)
	if b := v.band(); b == vitals.Infant || b == vitals.Child {
		low, high, usual = 120, 180, 120
	}
	series := v.series()
	if len(series) == 0 {
		return usual
	}
	sys, _ := series[len(series)-1].Systolic.Get()
	return min(high, max(low, (sys+30+19)/20*20))
}

// endInflation notes that the cuff does not measure any more.
func (m *memory) endInflation(at clock.Stamp) {
	m.Measuring, m.Ended = false, at
}

// stopCuff stops the cuff because of what the prompt says.
func (v *Visit) stopCuff(why string) {
	if v.m.Measuring {
		v.emit(Abort{})
		v.cuffFailed(why)
	}
}

func (v *Visit) cuffFailed(why string) {
	if v.m.Measuring {
		v.cuffResult(&Arrived{Sample: vitals.Sample{Flags: vitals.Aborted}})
		v.fail(fault{Prompt: why})
	}
}

// cuffResult ends an inflation with what the cuff says. Numbers beside an error are old ones: they are not looked at.
func (v *Visit) cuffResult(a *Arrived) {
	v.m.endInflation(v.now)
	v.cuff = vitals.Maybe[vitals.MmHg]{}
	v.changed = true
	s := &a.Sample
	m := s.BloodPressure
	switch {
	case !trusted(s) || !clean(s.Status):
		v.fail(fault{Prompt: cuffFault(s.Flags), Flags: s.Flags, Status: s.Status})
	case !complete(m):
		v.fail(fault{Prompt: RetryNoResult, Flags: s.Flags | vitals.NotReady, Status: s.Status})
	default:
		v.pressure(m, a)
	}
}

func (v *Visit) pressure(m vitals.BloodPressure, a *Arrived) {
	f := finding{measurement: m, device: a.Device, flags: a.Sample.Flags, from: v.m.Inflations[len(v.m.Inflations)-1].SinceBoot}
	if a.Sample.Flags.Has(vitals.IrregularPulse) {
		f.questionable = "irregular heart beat: measure by hand"
	}
	if o := v.standing(vitals.KindOximetry); o != nil {
		f.questionable = also(f.questionable, disagree(m.Pulse, o.Reading))
	}
	if v.offer(f, false) && v.standing(vitals.KindBloodPressure).Reading.Absent == "" {
		v.noteSevere(m)
	}
	if !v.needs() {
		v.acceptMean()
	}
}

// trusted says that the device stands behind its numbers. Implausible alone is the driver's word for numbers beyond the hard limits: those
// are judged here, because they may be true.
func trusted(s *vitals.Sample) bool {
	if s.Flags.Has(vitals.Implausible) {
		return !(s.Flags &^ vitals.Implausible).Doubted() && left(s.Measurement(), vitals.Hard[:]) != 0
	}
	return !s.Flags.Doubted()
}

// clean says that a cuff's own word is none of an error: nothing, or a code that cuffs use for "valid".
func clean(status string) bool {
	switch status {
	case "", "0", "00", "03", "M0", "M00", "M03", "ok":
		return true
	}
	return false
}

// mostApart is how far the pulse of cuff and oximeter may differ, per minute.
const mostApart = 15

// disagree says why a pulse is to be questioned beside that of a reading by the other device; empty when it is not.
func disagree(pulse vitals.Maybe[vitals.PerMinute], other reading.Reading) string {
	var theirs vitals.Maybe[vitals.PerMinute]
	switch m := other.Measurement.(type) {
	case vitals.BloodPressure:
		theirs = m.Pulse
	case vitals.Oximetry:
		theirs = m.Pulse
	}
	a, known := pulse.Get()
	b, both := theirs.Get()
	if !known || !both || other.Method != reading.ByDevice || max(a-b, b-a) <= mostApart {
		return ""
	}
	return "pulse of cuff and oximeter differ by more than 15 /min"
}
