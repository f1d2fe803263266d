package exam

import (
	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// Event is something that happened at a time. An event that makes no sense in the visit's state (a double tap, a stale page, a sample of
// a device that nobody waits for) changes nothing and has no effect.
type Event struct {
	At   clock.Stamp
	ID   string // a fresh UUIDv7: the id of the first thing that this event makes; ids of further things derive from it
	What What
}

// What is one of the types below.
type What interface{ what() }

// Identify says who the patient is, who does the visit, and whether the patient was asked and agreed. It needs the identifier's type and value and
// the operator.
type Identify struct {
	Patient  reading.PatientRef
	Operator string
	Agreed   bool
}

// StartCuff is the worker's press on "start". Each inflation needs its own.
type StartCuff struct{}

// StopCuff is the worker's press on "stop" while the cuff measures. The step goes on.
type StopCuff struct{}

// Arrived is what a device sent.
type Arrived struct {
	Sample vitals.Sample
	Device reading.DeviceRef
}

// CuffFailed says that the measurement which Measure asked for ended without a result.
type CuffFailed struct{}

// DeviceLost says that the device of that kind is gone.
type DeviceLost struct{ Kind vitals.Kind }

// DeviceBack says that a device of that kind answers, for the first time or again.
type DeviceBack struct{ Kind vitals.Kind }

// Tick is time going by. A few a second make countdowns and time limits work.
type Tick struct{}

// Skip leaves a step whose measurement is not complete.
type Skip struct{ Reason SkipReason }

// Retake goes (back) to the step of that kind. Its next accepted reading supersedes the newest one that stands.
type Retake struct{ Kind vitals.Kind }

// Cancel ends the visit. Readings already accepted stay.
type Cancel struct{}

// ByHand is a measurement that the worker made and typed. It belongs to the step's own kind.
type ByHand struct{ Measurement vitals.Measurement }

// WrongPatient retracts every reading of the visit and cancels it. With no operator it is the visit's own.
type WrongPatient struct{ Operator string }

// Next leaves a step whose measurement is complete.
type Next struct{}

// Finish ends the visit from its review.
type Finish struct{}

// Observe goes from the review to the counting of breaths.
type Observe struct{}

// StartCount begins the minute in which breaths are counted; StopCount ends it without a number.
type StartCount struct{}

// StopCount is the worker's press on "stop" while breaths are counted.
type StopCount struct{}

// Breath is one breath, tapped by the worker. It is only held in memory: a restart begins the minute anew.
type Breath struct{}

// TakeOver says that another worker goes on with the visit.
type TakeOver struct{ Operator string }

// Withdraw retracts every reading of a visit that is over.
type Withdraw struct{ Operator string }

// Correct replaces the number of that kind which was entered by hand, in a visit that is over.
type Correct struct {
	Measurement vitals.Measurement
	Operator    string
}

func (Observe) what()      {}
func (StartCount) what()   {}
func (StopCount) what()    {}
func (Breath) what()       {}
func (TakeOver) what()     {}
func (Withdraw) what()     {}
func (Correct) what()      {}
func (Identify) what()     {}
func (StartCuff) what()    {}
func (StopCuff) what()     {}
func (Arrived) what()      {}
func (CuffFailed) what()   {}
func (DeviceLost) what()   {}
func (DeviceBack) what()   {}
func (Tick) what()         {}
func (Skip) what()         {}
func (Retake) what()       {}
func (Cancel) what()       {}
func (ByHand) what()       {}
func (WrongPatient) what() {}
func (Next) what()         {}
func (Finish) what()       {}

// SkipReason is why a step was skipped.
type SkipReason string

// The reasons.
const (
	SkipNoDevice    SkipReason = "no-device"    // no cuff, oximeter or thermometer here
	SkipRefused     SkipReason = "refused"      // the patient does not want it
	SkipDeviceFault SkipReason = "device-fault" // it is here and does not work
	SkipNotNeeded   SkipReason = "not-needed"   // the worker judges so
	SkipOther       SkipReason = "other"
)

// SkipReasons lists them in the order in which a screen offers them.
func SkipReasons() []SkipReason {
	return []SkipReason{SkipNoDevice, SkipRefused, SkipDeviceFault, SkipNotNeeded, SkipOther}
}
