package guide

import (
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Place is where the screen is beside the visit.
type Place string

// The places.
const (
	Ready    Place = "ready"    // nobody is signed in
	Staff    Place = "staff"    // the worker types the number of the badge
	Home     Place = "home"     // signed in, no visit
	Today    Place = "today"    // the newest readings and how far they have come
	Identify Place = "identify" // the patient's number
	Birth    Place = "birth"    // the year
	Sex      Place = "sex"
	Confirm  Place = "confirm"
	Visit    Place = "visit" // as the exam says
	Skip     Place = "skip"  // why?
	ByHand   Place = "by-hand"
	Retake   Place = "retake" // what?
	Wrong    Place = "wrong"  // really the wrong patient?
	Cancel   Place = "cancel" // really?
	Saved    Place = "saved"  // the visit is over
)

// Session is what the screen knows beside the visit.
type Session struct {
	Rev     uint64               `json:"rev"` // counts the taps that changed something
	Lang    string               `json:"lang"`
	Worker  string               `json:"worker,omitempty"`
	Place   Place                `json:"place"`
	Typed   string               `json:"typed,omitempty"`  // digits of the pad
	Fields  []string             `json:"fields,omitempty"` // numbers that were typed before, by hand
	Patient reading.PatientRef   `json:"patient,omitzero"`
	Recent  []reading.PatientRef `json:"recent,omitempty"`  // newest first, at most six
	Last    []exam.Shown         `json:"last,omitempty"`    // what the visit that is over has measured
	Stopped bool                 `json:"stopped,omitempty"` // that visit was not finished
	Locked  bool                 `json:"locked,omitempty"`  // nobody has touched it for long: the visit waits for a worker
	Refused bool                 `json:"refused,omitempty"` // the number that was typed is none
}

// New is the session of a kiosk that was never touched.
func New() Session { return Session{Lang: "ur", Place: Ready} }

// Call is what a tap asks of the kiosk: open a visit, or an act on the one in progress.
type Call struct {
	Open bool
	What exam.What
}

// Tap is one touch: which button, and its value.
type Tap struct{ Do, Value string }

// Tap says what a touch does. v is the visit in progress, or nil. A button that the screen does not show does nothing: the session comes back
// as it was.
func (s Session) Tap(v *exam.View, t Tap) (Session, *Call) {
	if t.Do == "lang" {
		return s.speak(t.Value), nil
	}
	if s.Locked {
		return s.unlock(t), nil
	}
	if v != nil && (s.Place == Saved || !s.beside()) {
		s.Place = Visit
	}
	next, call := s.tap(v, t)
	if call != nil || next.differs(s) {
		next.Rev = s.Rev + 1
	}
	return next, call
}

// beside says that the place belongs to the visit in progress.
func (s Session) beside() bool {
	switch s.Place {
	case Visit, Skip, ByHand, Retake, Wrong, Cancel:
		return true
	}
	return false
}

func (s Session) differs(o Session) bool {
	return s.Place != o.Place || s.Typed != o.Typed || len(s.Fields) != len(o.Fields) || s.Worker != o.Worker || s.Patient != o.Patient
}

func (s Session) speak(lang string) Session {
	if lang != s.Lang && (lang == "ur" || lang == "en") {
		s.Lang = lang
		s.Rev++
	}
	return s
}

// at goes to a place with nothing typed.
func (s Session) at(p Place) Session {
	s.Place, s.Typed, s.Fields, s.Refused = p, "", nil, false
	return s
}

func (s Session) tap(v *exam.View, t Tap) (Session, *Call) {
	switch t.Do {
	case "digit":
		return s.digit(t.Value), nil
	case "erase":
		s.Typed = s.Typed[:max(0, len(s.Typed)-1)]
		return s, nil
	case "back":
		return s.back(v), nil
	}
	if v != nil {
		return s.tapVisit(v, t)
	}
	return s.tapDesk(t)
}

// mostTyped is how many digits a place takes.
var mostTyped = map[Place]int{Staff: 4, Identify: 13, Birth: 4, ByHand: 3}

// digit takes what the pad or a scanner gives, Eastern digits too.
func (s Session) digit(d string) Session {
	for _, r := range d {
		switch {
		case r >= '۰' && r <= '۹':
			r = r - '۰' + '0'
		case r >= '٠' && r <= '٩':
			r = r - '٠' + '0'
		}
		if r >= '0' && r <= '9' && len(s.Typed) < mostTyped[s.Place] {
			s.Typed += string(r)
		}
	}
	return s
}

// back goes one step back and loses no measurement.
func (s Session) back(v *exam.View) Session {
	if v != nil {
		return s.at(Visit)
	}
	switch s.Place {
	case Staff:
		return s.at(Ready)
	case Identify, Today, Saved:
		return s.at(Home)
	case Birth, Sex, Confirm:
		return s.at(Identify)
	}
	return s
}

func (s Session) tapDesk(t Tap) (Session, *Call) {
	switch place := s.Place; {
	case t.Do == "start" && place == Ready:
		return s.at(Staff), nil
	case t.Do == "next" && place == Staff && s.Typed != "":
		s.Worker = "w-" + s.Typed
		return s.at(Home), nil
	case t.Do == "sign-out" && place == Home:
		s.Worker = ""
		return s.at(Ready), nil
	case t.Do == "start" && (place == Home || place == Saved):
		return s.at(Identify), nil
	case t.Do == "today" && place == Home:
		return s.at(Today), nil
	}
	return s.tapPatient(t)
}

func (s Session) tapPatient(t Tap) (Session, *Call) {
	switch place := s.Place; {
	case t.Do == "recent" && place == Identify:
		return s.recent(t.Value), nil
	case t.Do == "next" && place == Identify && s.Typed != "":
		return s.known(s.Typed), nil
	case t.Do == "next" && place == Birth && (s.Typed == "" || len(s.Typed) == 4):
		s.Patient.Birth = s.Typed
		return s.at(Sex), nil
	case t.Do == "sex" && place == Sex:
		s.Patient.Sex = reading.Sex(t.Value)
		return s.at(Confirm), nil
	case t.Do == "next" && place == Confirm:
		return s, &Call{Open: true}
	}
	return s, nil
}

// recent takes one of the patients that were here lately.
func (s Session) recent(value string) Session {
	for _, p := range s.Recent {
		if p.Value == value {
			s.Patient = p
			return s.at(Confirm)
		}
	}
	return s
}

// known goes on with a number: to the confirmation when the patient was here lately. Thirteen digits are a CNIC.
func (s Session) known(number string) Session {
	if r := s.recent(number); r.Place == Confirm {
		return r
	}
	s.Patient = reading.PatientRef{Type: reading.MedicalRecord, Value: number}
	if len(number) == 13 {
		s.Patient.Type = reading.NationalNumber
	}
	return s.at(Birth)
}

// mostRecent is how many patients are offered without typing.
const mostRecent = 6

// Opened is the session after the kiosk has opened the visit that Call asked for.
func (s Session) Opened() Session {
	recent := []reading.PatientRef{s.Patient}
	for _, p := range s.Recent {
		if p.Value != s.Patient.Value && len(recent) < mostRecent {
			recent = append(recent, p)
		}
	}
	s.Recent, s.Patient = recent, reading.PatientRef{}
	return s.at(Visit)
}

// Over is the session after the visit has ended.
func (s Session) Over(v exam.View) Session {
	s = s.at(Saved)
	s.Last, s.Stopped = v.Readings, v.Step == exam.StepCancelled
	return s
}

// Refuse is the session after the kiosk refused to open the visit because the number is none.
func (s Session) Refuse() Session {
	s = s.at(Identify)
	s.Refused = true
	return s
}

// Masked is a number as people who stand around may see it: the last four digits of a CNIC.
func Masked(p reading.PatientRef) string {
	if p.Type != reading.NationalNumber || len(p.Value) < 5 {
		return p.Value
	}
	return "…" + p.Value[len(p.Value)-4:]
}

// Plain is a number as it stands on the card, for comparing.
func Plain(p reading.PatientRef) string {
	if p.Type != reading.NationalNumber || len(p.Value) != 13 {
		return p.Value
	}
	return p.Value[:5] + "-" + p.Value[5:12] + "-" + p.Value[12:]
}
