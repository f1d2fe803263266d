package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// Effect is one of the types below. Effects are to be carried out in the order in which Step returns them.
type Effect interface{ effect() }

// Show says that the visit's state changed: keep it durably (Save), then publish its View. It comes before all others of an event. What
// moves without a Show (countdowns, the pressure in the cuff, the live prompts of a measurement) is not worth a write to the disk.
type Show struct{}

// Measure starts the cuff, once; the first inflation is a multiple of 20 mmHg.
type Measure struct{ vitals.Inflation }

// Abort stops the cuff.
type Abort struct{}

// Accept is a reading to be put into the queue now.
type Accept struct {
	Reading reading.Reading
	Urgent  bool
	From    time.Duration // since boot: when the measurement began that a device made; the bytes from then on are its evidence (Attest)
}

// Retract is a retraction to be put into the queue now.
type Retract struct{ reading.Retraction }

// Speak asks for the recorded prompt of that key.
type Speak struct{ Key string }

func (Show) effect()    {}
func (Measure) effect() {}
func (Abort) effect()   {}
func (Accept) effect()  {}
func (Retract) effect() {}
func (Speak) effect()   {}
