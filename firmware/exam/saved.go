package exam

import (
	"encoding/json"
	"errors"
	"fmt"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// version is the form that Save writes.
const version = 1

// memory is what a restart must not lose. Windows of live samples are not in it: they begin again.
type memory struct {
	Version     int                  `json:"v"`
	ID          string               `json:"id"`
	Settings    Settings             `json:"settings"`
	Step        Step                 `json:"step"`
	Patient     reading.PatientRef   `json:"patient"`
	Operator    string               `json:"operator,omitempty"` // who does the visit now
	Began       clock.Stamp          `json:"began,omitzero"`
	Agreed      bool                 `json:"agreed,omitempty"` // the patient was asked and agreed
	Now         clock.Stamp          `json:"now"`              // of the newest event
	Taken       []taken              `json:"taken,omitempty"`
	Retractions []reading.Retraction `json:"retractions,omitempty"`

	// of the step in hand
	Replaces string `json:"replaces,omitempty"` // what the next accepted reading supersedes
	Doubt    doubt  `json:"doubt,omitzero"`
	Fault    fault  `json:"fault,omitzero"`

	// of the cuff; these outlast the step
	RestFrom    clock.Stamp   `json:"restFrom"`
	Inflations  []clock.Stamp `json:"inflations,omitempty"`  // starts of the newest four, oldest first
	Ended       clock.Stamp   `json:"ended"`                 // end of the newest
	Measuring   bool          `json:"measuring,omitempty"`   // one is going on
	Interrupted bool          `json:"interrupted,omitempty"` // one was going on when the visit was saved last
	Severe      *severe       `json:"severe,omitempty"`
}

// fault is why the step has no result yet, or what is to be done about the one it has.
type fault struct {
	Prompt string       `json:"prompt,omitempty"`
	Flags  vitals.Flags `json:"flags,omitzero"`
	Status string       `json:"status,omitempty"` // the device's own word
}

// severe is the first blood pressure at 180/110 or above, which is to be repeated after five minutes.
type severe struct {
	At       clock.Stamp `json:"at"`
	Repeated bool        `json:"repeated,omitempty"`
}

// reboot makes everything that was timed in an earlier boot count as if it had just been.
func (m *memory) reboot(at clock.Stamp) {
	m.RestFrom, m.Ended = at, at
	for i := range m.Inflations {
		m.Inflations[i] = at
	}
	if m.Severe != nil {
		m.Severe.At = at
	}
	if m.Measuring {
		m.Measuring = false
		m.Fault = fault{Prompt: RetryStopped}
	}
}

// Save returns the visit in a stable form that Resume reads.
func (v *Visit) Save() ([]byte, error) {
	raw, err := json.Marshal(v.m)
	if err != nil {
		return nil, fmt.Errorf("save visit %s: %w", v.m.ID, err)
	}
	return raw, nil
}

// Resume takes a visit up where Save left it: at the same step, with the same readings. A measurement that was in progress is not any
// more, a window begins again, and the whole gap is waited after an inflation that was interrupted. Errors never quote what was saved.
func Resume(saved []byte) (*Visit, error) {
	var m memory
	if err := json.Unmarshal(saved, &m); err != nil {
		return nil, errors.New("resume visit: not the form this version knows")
	}
	switch {
	case m.Version != version:
		return nil, fmt.Errorf("resume visit %s: form %d, this version knows %d", m.ID, m.Version, version)
	case !m.Step.known():
		return nil, fmt.Errorf("resume visit %s: no such step", m.ID)
	}
	if m.Measuring {
		m.Measuring, m.Interrupted = false, true
		m.Fault = fault{Prompt: RetryStopped}
	}
	m.Settings = m.Settings.safe()
	return &Visit{m: m, now: m.Now}, nil
}

func (s Step) known() bool {
	switch s {
	case StepPatient, StepReview, StepDone, StepCancelled:
		return true
	}
	return s.kind() != vitals.KindNone
}
