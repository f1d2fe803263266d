package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// countTime is how long breaths are counted: a full minute (WHO/IMCI; clinical rules, section 3). Nothing is multiplied up.
const countTime = time.Minute

// counting is a count of breaths in progress. It is not kept: after a restart it begins anew.
type counting struct {
	going bool
	from  time.Duration // since boot
	n     int
}

// observe goes from the review to the counting of breaths. A count that stands already is replaced by the next.
func (v *Visit) observe() {
	if v.m.Step != StepReview {
		return
	}
	old := v.standing(vitals.KindRespiration)
	v.enter(StepRespiration)
	if old != nil {
		v.m.Replaces = old.Reading.ID
	}
}

func (v *Visit) canCount() bool { return v.m.Step == StepRespiration && v.needs() && !v.count.going }

func (v *Visit) startCount() {
	if v.canCount() {
		v.count = counting{going: true, from: v.now.SinceBoot}
		v.m.Fault, v.changed = fault{}, true
	}
}

func (v *Visit) stopCount() {
	if v.count.going {
		v.count, v.changed = counting{}, true
	}
}

func (v *Visit) breath() {
	if v.count.going && v.countLeft() > 0 {
		v.count.n++
	}
}

func (v *Visit) countLeft() time.Duration { return max(0, countTime-(v.now.SinceBoot-v.count.from)) }

// counted ends the count after its minute. A number that nobody breathes is a count that went wrong.
func (v *Visit) counted() {
	if !v.count.going || v.countLeft() > 0 {
		return
	}
	m := vitals.Respiration{Rate: vitals.Some(vitals.PerMinute(v.count.n))}
	v.count, v.changed = counting{}, true
	if left(m, vitals.Hard[:]) != 0 {
		v.fail(fault{Prompt: RetryCount})
		return
	}
	v.m.Fault = fault{}
	v.accept(finding{measurement: m, method: reading.ByHand, window: countTime, supersedes: v.m.Replaces})
	v.m.Replaces = ""
}

// judged accepts at the review what the worker saw and asked. It replaces the answers of before.
func (v *Visit) judged(c vitals.Condition) {
	if v.m.Step != StepReview || c == (vitals.Condition{}) {
		return
	}
	f := finding{measurement: c, method: reading.ByHand}
	if old := v.standing(vitals.KindCondition); old != nil {
		f.supersedes = old.Reading.ID
	}
	v.accept(f)
}

// takeOver makes another worker the one who does the visit: what is accepted from now on names that one.
func (v *Visit) takeOver(operator string) {
	if operator == "" || operator == v.m.Operator || v.m.Step.ended() || v.m.Step == StepPatient {
		return
	}
	v.m.Operator, v.changed = operator, true
}
