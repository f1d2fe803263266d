package guide

import (
	"reflect"
	"slices"

	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Place is where the screen is beside the visit.
type Place string

// The places.
const (
	Ready     Place = "ready"    // nobody is signed in
	Home      Place = "home"     // signed in, no visit
	Identify  Place = "identify" // the patient's number
	Birth     Place = "birth"    // the year
	Sex       Place = "sex"
	Confirm   Place = "confirm"
	Visit     Place = "visit" // as the exam says
	Skip      Place = "skip"  // why?
	ByHand    Place = "by-hand"
	Site      Place = "site"   // where the thermometer was, by hand
	Retake    Place = "retake" // what?
	Wrong     Place = "wrong"  // really the wrong patient?
	Cancel    Place = "cancel" // really?
	More      Place = "more"   // breaths, consciousness, oxygen, pregnancy
	Awake     Place = "awake"
	Breathing Place = "breathing"
	Pregnant  Place = "pregnant"
	Saved     Place = "saved"   // the visit is over
	Lessons   Place = "lessons" // of the practice
)

// Session is what the screen knows beside the visit.
type Session struct {
	Rev     uint64               `json:"rev"` // counts the taps that changed something
	Lang    string               `json:"lang"`
	Worker  string               `json:"worker,omitempty"` // the number of the badge
	Place   Place                `json:"place"`
	Typed   string               `json:"typed,omitempty"`  // digits of the pad
	Fields  []string             `json:"fields,omitempty"` // what was typed or chosen before, in the same task
	Why     string               `json:"why,omitempty"`    // key of why what was typed was not taken
	Patient reading.PatientRef   `json:"patient,omitzero"`
	Recent  []reading.PatientRef `json:"recent,omitempty"`  // newest first, at most six
	Last    []exam.Shown         `json:"last,omitempty"`    // what the visit that is over has measured
	Stopped bool                 `json:"stopped,omitempty"` // that visit was not finished

	Gate   Place  `json:"gate,omitempty"`   // who is it? Stands before everything else
	Number string `json:"number,omitempty"` // whose PIN is asked for
	First  string `json:"-"`                // the PIN that was chosen, to be typed again; never kept
	Wait   int    `json:"-"`                // seconds until the next try

	Corner Place  `json:"corner,omitempty"` // the technician's; stands before the visit
	Given  string `json:"-"`                // shown once and never kept: a first PIN, the code of a badge, where an export is
	Of     string `json:"of,omitempty"`     // the worker or the visit that is looked at
	Page   int    `json:"page,omitempty"`   // of a list
	Both   bool   `json:"both,omitempty"`   // faults in English as well, for the telephone
	Aside  Place  `json:"aside,omitempty"`  // a look at the state of things, from anywhere
	Quiet  bool   `json:"quiet,omitempty"`  // the worker knows the way: prompts are spoken only when asked for
	Lesson string `json:"lesson,omitempty"` // of the practice; empty on patients
}

// New is the session of a kiosk that was never touched.
func New() Session { return Session{Lang: "ur", Place: Ready} }

// Operator is the signed-in worker as readings name one.
func (s Session) Operator() string {
	if s.Worker == "" {
		return ""
	}
	return "w-" + s.Worker
}

// Kept is what may be written down of the session: no digit of a PIN, nothing that is shown once. Where that is all there was, it is the step before.
func (s Session) Kept() Session {
	if s.Gate != "" && s.Gate != Staff {
		s.Typed = ""
	}
	if s.Gate == PINAgain {
		s.Gate = NewPIN
	}
	switch s.Corner {
	case CornerGiven:
		s.Corner = CornerWorkers
	case CornerExported:
		s.Corner = Corner
	}
	return s
}

// Tap is one touch: which button, and its value.
type Tap struct{ Do, Value string }

// Tap says what a touch does, and what is asked of the kiosk, if anything. v is what the kiosk is doing. A button that the screen does not show
// does nothing: the session comes back as it was.
func (s Session) Tap(v View, t Tap) (Session, Call) {
	if v.Visit != nil && (s.Place == Saved || !s.beside()) {
		s.Place = Visit
	}
	next, call := s.route(v, t)
	if _, breath := act(call).(exam.Breath); breath {
		return s, call // the page stays the same: the next breath comes soon
	}
	if call != nil || !reflect.DeepEqual(next, s) {
		next.Rev = s.Rev + 1
	}
	return next, call
}

// route gives a touch to whatever stands in front.
func (s Session) route(v View, t Tap) (Session, Call) {
	switch {
	case v.Starting:
		if t.Do == "leave" && s.Lesson != "" {
			return s.at(Home), Leave{}
		}
		return s, nil // only the way out is shown
	case t.Do == "lang":
		return s.speak(t.Value)
	case t.Do == "status" && s.Aside == "":
		s.Aside = Status
		return s, nil
	case t.Do == "request" && s.Aside == "" && len(v.Requests) > 0:
		s.Aside = Letter
		return s, nil
	}
	if r := s.request(v); r != nil {
		return s.answer(v, *r, t)
	}
	if s.Aside == Letter {
		s.Aside = "" // there is none any more
	}
	switch {
	case s.Aside != "":
		if t.Do == "back" {
			s.Aside = ""
		}
		return s, nil
	case s.Gate != "":
		return s.gate(v, t)
	case s.Corner != "":
		return s.corner(v, t)
	}
	return s.tap(v, t)
}

func (s Session) speak(lang string) (Session, Call) {
	if lang == s.Lang || lang != "ur" && lang != "en" {
		return s, nil
	}
	s.Lang = lang
	if s.Worker == "" {
		return s, nil
	}
	return s, Prefer{s.Worker, lang}
}

// beside says that the place belongs to the visit in progress.
func (s Session) beside() bool {
	switch s.Place {
	case Visit, Skip, ByHand, Site, Retake, Wrong, Cancel, More, Awake, Breathing, Pregnant:
		return true
	}
	return false
}

// at goes to a place with nothing typed.
func (s Session) at(p Place) Session {
	s.Place, s.Typed, s.Fields, s.Why = p, "", nil, ""
	return s
}

func (s Session) tap(v View, t Tap) (Session, Call) {
	switch t.Do {
	case "digit":
		return s.digit(t.Value, mostTyped[s.Place]), nil
	case "erase":
		return s.erase(), nil
	case "back":
		return s.back(v.Visit), nil
	}
	if v.Visit != nil {
		return s.tapVisit(v.Visit, t)
	}
	return s.tapDesk(v, t)
}

func (s Session) erase() Session {
	s.Typed = s.Typed[:max(0, len(s.Typed)-1)]
	return s
}

// mostTyped is how many digits a place takes.
var mostTyped = map[Place]int{Identify: 13, Birth: 4, ByHand: 3, PastHand: 3}

// digit takes what the pad or a scanner gives, Eastern digits too.
func (s Session) digit(d string, most int) Session {
	for _, r := range d {
		switch {
		case r >= '۰' && r <= '۹':
			r = r - '۰' + '0'
		case r >= '٠' && r <= '٩':
			r = r - '٠' + '0'
		}
		if r >= '0' && r <= '9' && len(s.Typed) < most {
			s.Typed += string(r)
		}
	}
	return s
}

// back goes one step back and loses no measurement.
func (s Session) back(v *exam.View) Session {
	if v != nil {
		switch s.Place {
		case Awake, Breathing, Pregnant:
			return s.at(More)
		case Site:
			s.Place, s.Typed, s.Fields = ByHand, "", nil
			return s
		}
		return s.at(Visit)
	}
	switch s.Place {
	case Identify, Today, Saved, Lessons:
		return s.at(Home)
	case Birth, Sex, Confirm:
		return s.at(Identify)
	case Past:
		return s.at(Today)
	case Slip, PastWrong, PastKind, PastHand:
		return s.at(Past)
	}
	return s
}

func (s Session) tapDesk(v View, t Tap) (Session, Call) {
	switch place := s.Place; {
	case t.Do == "start" && place == Ready:
		return s.ask(Staff, ""), nil
	case t.Do == "sign-out" && place == Home:
		return s.out(), SignOut{s.Worker}
	case t.Do == "start" && (place == Home || place == Saved):
		return s.at(Identify), nil
	case t.Do == "today" && place == Home:
		s.Page = 0
		return s.at(Today), nil
	case t.Do == "practice" && place == Home && v.Lessons != nil:
		return s.at(Lessons), nil
	case t.Do == "lesson" && place == Lessons && slices.Contains(v.Lessons, t.Value):
		return s.at(Home), Practise{s.Worker, t.Value}
	case t.Do == "leave" && s.Lesson != "":
		return s.at(Home), Leave{}
	}
	if next, call, ok := s.tapPast(v, t); ok {
		return next, call
	}
	return s.tapPatient(t)
}

// out is the session after the worker has gone.
func (s Session) out() Session {
	s.Worker, s.Patient, s.Quiet = "", reading.PatientRef{}, false
	return s.at(Ready)
}
