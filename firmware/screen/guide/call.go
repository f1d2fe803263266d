package guide

import (
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Call is what a tap asks of the kiosk: one of the types below.
type Call interface{ call() }

// Open opens a visit. The patient was asked and agrees.
type Open struct {
	Patient  reading.PatientRef
	Operator string
}

// Act is an act on the visit in progress.
type Act struct{ What exam.What }

// Afterwards is an act on a visit that is over.
type Afterwards struct {
	Visit string
	What  exam.What
}

// Find looks for a patient among the visits that the kiosk keeps.
type Find struct{ Patient reading.PatientRef }

// SignIn asks whether number and PIN belong together; with sixteen digits and no PIN it is the code of a badge.
type SignIn struct{ Number, PIN string }

// ChoosePIN sets the PIN of the worker, or of the technician, who is at the gate.
type ChoosePIN struct{ Number, PIN string }

// SignOut notes that a worker has gone.
type SignOut struct{ Number string }

// Prefer notes the language that a worker has chosen.
type Prefer struct{ Number, Lang string }

// The technician's.
type (
	NewWorker  struct{ Number string }
	ResetPIN   struct{ Number string }
	IssueBadge struct{ Number string }
	LockOut    struct {
		Number string
		Left   bool
	}
	ReleaseAll struct{}
	Export     struct{}
	Check      struct{} // begins a quick check
)

// Practise begins a lesson; Leave ends the practice.
type (
	Practise struct{ Number, Lesson string }
	Leave    struct{}
)

// Shown notes that somebody looked at a slip.
type Shown struct{ Visit string }

func (Open) call()       {}
func (Act) call()        {}
func (Afterwards) call() {}
func (Find) call()       {}
func (SignIn) call()     {}
func (ChoosePIN) call()  {}
func (SignOut) call()    {}
func (Prefer) call()     {}
func (NewWorker) call()  {}
func (ResetPIN) call()   {}
func (IssueBadge) call() {}
func (LockOut) call()    {}
func (ReleaseAll) call() {}
func (Export) call()     {}
func (Check) call()      {}
func (Practise) call()   {}
func (Leave) call()      {}
func (Shown) call()      {}

// act is the exam's part of a call, or nil.
func act(c Call) exam.What {
	if a, ok := c.(Act); ok {
		return a.What
	}
	return nil
}
