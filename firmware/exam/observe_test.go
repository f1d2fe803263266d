package exam

import (
	"slices"
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// reviewed is a visit at its review, with a complete and usual set of measurements.
func reviewed(t *testing.T) *bench {
	b := at(t, StepReview)
	for _, m := range []vitals.Measurement{
		pressure(122, 78, 70),
		vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(72))},
		vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_800)), Site: vitals.Axillary},
	} {
		b.do(Retake{m.Kind()})
		b.do(ByHand{m})
		for b.v.View().Step != StepReview {
			b.do(Next{})
		}
	}
	b.accepted = nil
	return b
}

// breathe taps n breaths evenly over the minute.
func (b *bench) breathe(n int) {
	b.do(StartCount{})
	for range n {
		b.wait(time.Minute / time.Duration(n+1))
		b.do(Breath{})
	}
	b.wait(time.Minute / time.Duration(n+1))
	b.wait(time.Second)
}

func TestBreathsAreCountedForAFullMinute(t *testing.T) {
	b := reviewed(t)
	b.do(Observe{})
	b.prompt(PromptCount)
	b.quiet(Breath{}) // nobody has started
	b.do(StartCount{})
	b.prompt(PromptCounting)
	b.wait(59 * time.Second)
	b.accepts(0)
	b.do(StopCount{})
	b.prompt(PromptCount)
	b.breathe(17)
	b.prompt(PromptCountDone)
	r := b.newest().Reading
	if m := r.Measurement.(vitals.Respiration); m.Rate != vitals.Some(vitals.PerMinute(17)) || r.Window != time.Minute || r.Method != reading.ByHand {
		t.Errorf("counted %+v over %s", m, r.Window)
	}
	b.do(Next{})
	b.step(StepReview)
	b.do(Observe{})
	b.breathe(30)
	if again := b.newest(); again.Reading.Supersedes != r.ID || !again.Urgent {
		t.Errorf("30 breaths supersede %q, urgent %v", again.Reading.Supersedes, again.Urgent)
	}
}

// Two taps in a minute, or a reboot in the middle of one, are no number.
func TestACountThatWentWrong(t *testing.T) {
	b := reviewed(t)
	b.do(Observe{})
	b.breathe(2)
	b.prompt(RetryCount)
	b.do(StartCount{})
	b.wait(50 * time.Second)
	b.reboot()
	b.do(Tick{})
	b.prompt(PromptCount)
	b.wait(time.Minute)
	b.accepts(0)
	b.do(Skip{SkipOther})
	b.step(StepReview)
	b.accepts(0) // what was not counted is not sent as "not performed"
}

func TestAnswersAtTheReview(t *testing.T) {
	b := reviewed(t)
	b.quiet(ByHand{vitals.Condition{}})
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert, Breathing: vitals.Air}})
	first := b.newest()
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Voice, Breathing: vitals.Air}})
	if again := b.newest(); again.Reading.Supersedes != first.Reading.ID || first.Urgent || !again.Urgent {
		t.Errorf("one who responds to voice only: supersedes %q, urgent %v after %v", again.Reading.Supersedes, again.Urgent, first.Urgent)
	}
	b.step(StepReview)
}

// Readings after a worker took over name the new one; those before, the old one.
func TestTakeOver(t *testing.T) {
	b := identified(t)
	b.do(ByHand{pressure(122, 78, 70)})
	before := b.newest().Reading
	b.do(TakeOver{"w-8"})
	b.quiet(TakeOver{"w-8"})
	b.do(Next{})
	b.do(ByHand{vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))}})
	if after := b.newest().Reading; before.Operator != "w-7" || after.Operator != "w-8" {
		t.Errorf("by %s, then by %s", before.Operator, after.Operator)
	}
}

// What is over can be withdrawn whole, once; and a number that was typed can be corrected, but none that a device gave.
func TestAfterwards(t *testing.T) {
	b := reviewed(t)
	b.quiet(Withdraw{"w-8"})
	b.quiet(Correct{pressure(132, 78, 70), "w-8"})
	b.do(Finish{})
	if got := b.v.View().Corrects; !slices.Equal(got, []string{"blood-pressure", "oximetry", "temperature"}) {
		t.Errorf("to be corrected: %v", got)
	}
	b.wait(time.Hour)
	old := b.v.standing(vitals.KindBloodPressure).Reading
	b.quiet(Correct{pressure(400, 78, 70), "w-8"})
	b.do(Correct{pressure(132, 78, 70), "w-8"})
	r := b.newest().Reading
	if r.Supersedes != old.ID || r.Operator != "w-8" || r.Taken != old.Taken || r.Method != reading.ByHand {
		t.Errorf("corrected: %+v", r)
	}
	b.step(StepDone)
	b.do(Withdraw{"w-8"})
	if n := count[Retract](b.effects); n != len(b.v.m.Taken) {
		t.Errorf("%d of %d readings withdrawn", n, len(b.v.m.Taken))
	}
	b.step(StepCancelled)
	b.quiet(Withdraw{"w-8"})
}

func TestADevicesNumberIsNotCorrected(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{120, 70})
	for b.v.View().Step != StepReview {
		b.do(Skip{SkipOther})
		b.do(Next{})
	}
	b.do(Finish{})
	if got := b.v.View().Corrects; len(got) > 0 {
		t.Errorf("to be corrected: %v", got)
	}
	b.quiet(Correct{pressure(132, 78, 70), "w-8"})
}
