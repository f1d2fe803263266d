package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// View is the visit as a screen shows it, at the time of the newest event.
type View struct {
	ID           string                    `json:"id"`
	Step         Step                      `json:"step"`
	Prompt       string                    `json:"prompt"`              // one of the Prompt and Retry constants
	Countdown    time.Duration             `json:"countdown,omitempty"` // what is left of what the prompt waits for, nanoseconds
	Actions      []string                  `json:"actions"`             // what the worker can do now, the main one first: Act constants
	Retakes      []string                  `json:"retakes,omitempty"`   // the kinds that "retake" takes now
	Cuff         vitals.Maybe[vitals.MmHg] `json:"cuff,omitzero"`       // pressure in the cuff while it measures
	Readings     []Shown                   `json:"readings"`            // what was accepted, oldest first
	Flags        vitals.Flags              `json:"flags,omitzero"`      // of the step's last fault, or what its device says now
	Status       string                    `json:"status,omitempty"`    // the device's own word for the last fault
	Practice     bool                      `json:"practice,omitempty"`
	Breaths      *int                      `json:"breaths,omitempty"`     // tapped so far, while they are counted
	Score        *Score                    `json:"news2,omitempty"`       // nil where none is made
	Corrects     []string                  `json:"corrections,omitempty"` // of a visit that is over: the kinds that Correct takes
	AskPregnancy bool                      `json:"-"`                     // of this patient
}

// The names of what a worker can do.
const (
	ActIdentify     = "identify"
	ActStartCuff    = "start-cuff"
	ActStopCuff     = "stop-cuff"
	ActNext         = "next"
	ActFinish       = "finish"
	ActByHand       = "by-hand"
	ActSkip         = "skip"
	ActRetake       = "retake"
	ActWrongPatient = "wrong-patient"
	ActCancel       = "cancel"
	ActObserve      = "observe"     // count breaths
	ActStartCount   = "start-count" //
	ActStopCount    = "stop-count"  //
)

// Shown is an accepted reading on a screen.
type Shown struct {
	ID           string                `json:"id"`
	Kind         string                `json:"kind"`
	BP           *vitals.BloodPressure `json:"bloodPressure,omitempty"`
	Oximetry     *vitals.Oximetry      `json:"oximetry,omitempty"`
	Temperature  *vitals.Temperature   `json:"temperature,omitempty"`
	Respiration  *vitals.Respiration   `json:"respiration,omitempty"`
	Condition    *vitals.Condition     `json:"condition,omitempty"`
	Mean         bool                  `json:"mean,omitempty"`         // of the two blood pressures before it
	Absent       reading.Absent        `json:"absent,omitempty"`       // why there is no number
	Questionable string                `json:"questionable,omitempty"` // why it is to be doubted
	Urgent       bool                  `json:"urgent,omitempty"`
	Superseded   bool                  `json:"superseded,omitempty"`
	Retracted    bool                  `json:"retracted,omitempty"`
	Method       reading.Method        `json:"method"`
}

// View is what a screen shows now.
func (v *Visit) View() View {
	view := View{
		ID: v.m.ID, Step: v.m.Step, Prompt: v.prompt(), Countdown: v.countdown(), Actions: v.actions(), Retakes: v.retakes(),
		Readings: make([]Shown, 0, len(v.m.Taken)), Flags: v.m.Fault.Flags, Status: v.m.Fault.Status, Practice: v.m.Settings.Practice,
	}
	if v.m.Measuring {
		view.Cuff = v.cuff
	}
	if v.m.Fault.Prompt == "" && v.needs() {
		view.Flags = v.oxi.flags | v.thermo.flags
	}
	if v.count.going {
		n := v.count.n
		view.Breaths = &n
	}
	view.Score, view.Corrects, view.AskPregnancy = v.score(), v.corrections(), v.mayBePregnant()
	for i := range v.m.Taken {
		view.Readings = append(view.Readings, shown(&v.m.Taken[i]))
	}
	return view
}

// Patient is whose visit it is, Operator who does it now, and Began when it was opened.
func (v *Visit) Patient() reading.PatientRef { return v.m.Patient }

// Operator is the worker who does the visit now.
func (v *Visit) Operator() string { return v.m.Operator }

// Began is when the visit was opened.
func (v *Visit) Began() clock.Stamp { return v.m.Began }

func shown(t *taken) Shown {
	r := &t.Reading
	s := Shown{
		ID: r.ID, Kind: r.Measurement.Kind().String(), Mean: t.mean(), Absent: r.Absent, Questionable: r.Questionable, Urgent: t.Urgent,
		Superseded: t.Superseded, Retracted: t.Retracted, Method: r.Method,
	}
	switch m := r.Measurement.(type) {
	case vitals.BloodPressure:
		s.BP = &m
	case vitals.Oximetry:
		s.Oximetry = &m
	case vitals.Temperature:
		s.Temperature = &m
	case vitals.Respiration:
		s.Respiration = &m
	case vitals.Condition:
		s.Condition = &m
	}
	return s
}

// actions lists what the worker can do, the step's main action first.
func (v *Visit) actions() []string {
	acts := []struct {
		can  bool
		name string
	}{
		{v.m.Step == StepPatient, ActIdentify},
		{v.m.Measuring, ActStopCuff},
		{v.m.Step == StepReview, ActFinish},
		{v.m.Step == StepReview, ActObserve},
		{v.canCount(), ActStartCount},
		{v.count.going, ActStopCount},
		{v.canNext(), ActNext},
		{v.canStartCuff(), ActStartCuff},
		{v.canByHand(), ActByHand},
		{v.canSkip(), ActSkip},
		{len(v.retakes()) > 0, ActRetake},
		{v.canRetract(), ActWrongPatient},
		{!v.m.Step.ended(), ActCancel},
	}
	names := make([]string, 0, len(acts))
	for _, a := range acts {
		if a.can {
			names = append(names, a.name)
		}
	}
	return names
}

func (v *Visit) retakes() []string {
	var kinds []string
	for _, s := range measuring {
		if v.canRetake(s.kind()) {
			kinds = append(kinds, string(s))
		}
	}
	return kinds
}
