package firmware

import (
	"context"
	"time"

	"nabz/drivers/sim"
	"nabz/firmware/exam"
)

// coach is the patient and the trouble of the lesson: it moves finger and probe as the screen asks for it.
func (l *lesson) coach(ctx context.Context) {
	tick := time.NewTicker(tick)
	defer tick.Stop()
	c := coach{lesson: l}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s, err := l.State(); err == nil && !s.Starting {
				c.look(s.Visit, time.Now())
			}
		}
	}
}

// coach is what has been done.
type coach struct {
	*lesson
	step  exam.Step
	since time.Time // in that step
	done  bool      // the lesson's trouble is over
}

// hands is how long a patient takes to do what is asked; trembling is how long the finger of the lesson moves.
const (
	hands     = 2 * time.Second
	trembling = 15 * time.Second
)

func (c *coach) look(v *exam.View, now time.Time) {
	step := exam.StepReview
	if v != nil {
		step = v.Step
	}
	if step != c.step {
		c.step, c.since = step, now
	}
	asked := now.Sub(c.since) >= hands
	c.finger(step == exam.StepOximetry && asked, now)
	if step == exam.StepTemperature && asked && v.Prompt != exam.PromptReturnProbe && v.Prompt != exam.RetryProbeMoved {
		c.room.thermometer.TakeProbe()
	} else {
		c.room.thermometer.ReturnProbe()
	}
	if c.name == "power-cut" && step == exam.StepOximetry && asked && !c.done {
		c.done = true
		c.cut <- struct{}{}
	}
}

// finger puts the finger in or takes it out, and lets it tremble in the lesson about that.
func (c *coach) finger(in bool, now time.Time) {
	if !in {
		c.room.oximeter.FingerOut()
		return
	}
	c.room.oximeter.FingerIn()
	if c.name != "moving-finger" {
		return
	}
	if now.Sub(c.since) < hands+trembling {
		c.room.oximeter.Inject(sim.Motion)
	} else {
		c.room.oximeter.Clear(sim.Motion)
	}
}
