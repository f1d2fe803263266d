package guide

import (
	"cmp"
	"slices"

	"nabz/firmware/exam"
)

// Screen is what is shown: keys of words and names of pictures, numbers as they are.
type Screen struct {
	ID        string
	Title     string // key
	Body      string // key of the one sentence; the fault screens' says what happened and what to do
	Picture   string // name of a drawing
	Step      int    // of the rail: 1 patient, 2 blood pressure, 3 oximetry, 4 temperature, 5 review; 0 shows none
	Tone      string // "", "fault", "urgent", "good"
	Code      string // of a fault, for the telephone: E-BP-03
	Safe      bool   // "what was measured is saved on this device" stands below
	Who       string // the patient's number where it is to be compared
	Pad       *Pad
	Choices   []Button // pictures to choose from, instead of a pad
	Live      string   // "cuff", "oximetry", "temperature": what moves on it
	Countdown bool     // something is waited for by time
	Cards     []Card   // what was accepted
	Primary   Button
	Secondary []Button // at most three
}

// Button is one thing to touch.
type Button struct {
	Do, Value string
	Label     string // key
	Text      string // shown as it is instead of a label: a number
	Icon      string
	Danger    bool // red outline
	Off       bool // not yet
}

// Pad is a number pad.
type Pad struct {
	Label string // key of what is typed
	Typed string
	Unit  string // as it is
	Fixed int    // decimals: 1 shows 368 as 36.8
}

// Card is an accepted measurement.
type Card struct {
	Kind    string // key
	Value   string
	Unit    string
	Icon    string
	Urgent  bool
	Doubted bool   // questionable
	ByHand  bool   //
	Absent  bool   // there is no number
	Word    string // key: what to do about it; empty when nothing
}

// View is what the kiosk is doing, as far as a Screen depends on it.
type View struct {
	Visit  *exam.View  // nil without one
	Lost   []exam.Step // steps whose device is missing
	Full   bool        // no visit may begin
	Unkept bool        // readings find no room: nothing may be called saved
	Number string      // the patient of the visit in progress, masked
}

// Of is the screen for what the kiosk is doing and where the worker is.
func Of(v View, s Session) Screen {
	screen := s.screen(v)
	if v.Unkept {
		return screen.unkept()
	}
	return screen
}

// claims are the words that call something saved, with what stands there when it is not.
var claims = map[string]string{
	"saved.title": "saved.not", "today.body": "notsaved", "cancel.body": "notsaved", "p.review.body": "notsaved", "p.done.title": "saved.not",
	"p.cancelled.body": "notsaved", "p.repeat-confirm.body": "notsaved",
}

// unkept takes back every word that calls something saved.
func (s Screen) unkept() Screen {
	s.Safe = false
	if s.Tone == "good" {
		s.Tone, s.Picture = "fault", "pen"
	}
	s.Title, s.Body = cmp.Or(claims[s.Title], s.Title), cmp.Or(claims[s.Body], s.Body)
	return s
}

func (s Session) screen(v View) Screen {
	if s.Locked {
		return Screen{
			ID: "locked", Title: "locked.title", Body: "locked.body", Pad: &Pad{Label: "staff.pad", Typed: s.Typed}, Safe: true,
			Primary: Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == ""},
		}
	}
	if v.Visit != nil {
		if !s.beside() {
			s.Place = Visit
		}
		return s.onVisit(v)
	}
	if s.beside() {
		s.Place = Home // the visit is gone
	}
	return s.onDesk(v)
}

func (s Session) onDesk(v View) Screen {
	back := Button{Do: "back", Label: "back", Icon: "back"}
	switch s.Place {
	case Staff:
		return Screen{
			ID: "staff", Title: "staff.title", Body: "staff.body", Picture: "badge", Pad: &Pad{Label: "staff.pad", Typed: s.Typed},
			Primary: Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == ""}, Secondary: []Button{back},
		}
	case Home:
		home := Screen{
			ID: "home", Title: "home.title", Body: "home.body", Picture: "clinic", Primary: Button{Do: "start", Label: "home.start", Icon: "person"},
			Secondary: []Button{{Do: "today", Label: "home.today", Icon: "list"}, {Do: "sign-out", Label: "sign-out", Icon: "door"}},
		}
		if v.Full {
			home.Body, home.Tone, home.Primary.Off = "home.full", "fault", true
		}
		return home
	case Today:
		return Screen{ID: "today", Title: "today.title", Body: "today.body", Picture: "", Primary: back}
	case Identify:
		return Screen{
			ID: "identify", Title: "identify.title", Body: s.identifyBody(), Step: 1, Pad: &Pad{Label: "identify.pad", Typed: s.Typed},
			Choices: s.recents(), Primary: Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == ""}, Secondary: []Button{back},
		}
	case Birth:
		return Screen{
			ID: "birth", Title: "birth.title", Body: "birth.body", Step: 1, Who: Masked(s.Patient), Pad: &Pad{Label: "birth.pad", Typed: s.Typed},
			Primary: Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed != "" && len(s.Typed) != 4}, Secondary: []Button{back},
		}
	case Sex:
		return Screen{ID: "sex", Title: "sex.title", Body: "sex.body", Step: 1, Who: Masked(s.Patient), Choices: []Button{
			{Do: "sex", Value: "female", Label: "sex.female", Icon: "female"},
			{Do: "sex", Value: "male", Label: "sex.male", Icon: "male"},
			{Do: "sex", Value: "other", Label: "sex.other", Icon: "person"},
		}, Primary: back}
	case Confirm:
		return Screen{
			ID: "confirm", Title: "confirm.title", Body: "confirm.body", Picture: "consent", Step: 1, Who: Plain(s.Patient),
			Cards:   s.identity(),
			Primary: Button{Do: "next", Label: "confirm.yes", Icon: "tick"}, Secondary: []Button{back},
		}
	case Saved:
		return s.over()
	}
	return Screen{ID: "ready", Title: "ready.title", Body: "ready.body", Picture: "clinic", Primary: Button{Do: "start", Label: "ready.start", Icon: "badge"}}
}

// over is the end of a visit: complete, stopped, or withdrawn.
func (s Session) over() Screen {
	c := Screen{
		ID: "saved", Title: "saved.title", Body: "saved.body", Picture: "tick", Tone: "good", Safe: true, Cards: cards(s.Last),
		Primary: Button{Do: "start", Label: "saved.next", Icon: "person"}, Secondary: []Button{{Do: "back", Label: "saved.home", Icon: "home"}},
	}
	switch {
	case s.Stopped && slices.ContainsFunc(s.Last, func(r exam.Shown) bool { return r.Retracted }):
		c.Title, c.Body, c.Picture, c.Tone, c.Safe = "p.cancelled.title", "over.withdrawn", "wrong", "", false
	case s.Stopped:
		c.Title, c.Body, c.Picture, c.Tone, c.Safe = "p.cancelled.title", "p.cancelled.body", "door", "", false
	}
	return c
}

func (s Session) identifyBody() string {
	if s.Refused {
		return "identify.refused"
	}
	return "identify.body"
}

func (s Session) recents() (all []Button) {
	for _, p := range s.Recent {
		all = append(all, Button{Do: "recent", Value: p.Value, Text: Masked(p), Icon: "person"})
	}
	return all
}

// identity is what two people compare: the number, the year of birth, the sex.
func (s Session) identity() []Card {
	birth := s.Patient.Birth
	if birth == "" {
		birth = "?"
	}
	return []Card{
		{Kind: "confirm.birth", Value: birth, Icon: "calendar"},
		{Kind: "sex." + string(s.Patient.Sex), Icon: string(s.Patient.Sex)},
	}
}

// onVisit is the visit, or what stands beside it.
func (s Session) onVisit(v View) Screen {
	back := Button{Do: "back", Label: "back", Icon: "back"}
	step := rail(v.Visit.Step)
	switch s.Place {
	case Skip:
		c := Screen{ID: "skip", Title: "skip.title", Body: "skip.body", Step: step, Primary: back}
		for _, r := range exam.SkipReasons() {
			c.Choices = append(c.Choices, Button{Do: "reason", Value: string(r), Label: "skip." + string(r), Icon: "skip-" + string(r)})
		}
		return c
	case Retake:
		c := Screen{ID: "retake", Title: "retake.title", Body: "retake.body", Step: step, Primary: back}
		for _, k := range v.Visit.Retakes {
			c.Choices = append(c.Choices, Button{Do: "kind", Value: k, Label: "kind." + k, Icon: k})
		}
		return c
	case ByHand:
		return s.onByHand(v, step, back)
	case Wrong:
		return Screen{
			ID: "wrong", Title: "wrong.title", Body: "wrong.body", Picture: "wrong", Tone: "fault", Step: step, Who: v.Number,
			Primary: back, Secondary: []Button{{Do: "sure", Label: "wrong.sure", Icon: "cross", Danger: true}},
		}
	case Cancel:
		return Screen{
			ID: "cancel", Title: "cancel.title", Body: "cancel.body", Picture: "door", Tone: "fault", Step: step, Safe: true,
			Primary: back, Secondary: []Button{{Do: "sure", Label: "cancel.sure", Icon: "cross", Danger: true}},
		}
	}
	return onExam(v)
}

func (s Session) onByHand(v View, step int, back Button) Screen {
	asked := Asked(v.Visit.Step)
	if len(s.Fields) >= len(asked) {
		return onExam(v)
	}
	field := asked[len(s.Fields)]
	pad := &Pad{Label: "hand." + field, Typed: s.Typed, Unit: units[field]}
	if field == "temperature" {
		pad.Fixed = 1
	}
	optional := field == "pulse" // the last of several
	return Screen{
		ID: "by-hand", Title: "hand.title", Body: "hand.body", Step: step, Pad: pad,
		Primary: Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == "" && !optional}, Secondary: []Button{back},
	}
}

var units = map[string]string{"systolic": "mmHg", "diastolic": "mmHg", "pulse": "/min", "spo2": "%", "temperature": "°C"}

func rail(step exam.Step) int {
	return 1 + slices.Index([]exam.Step{exam.StepPatient, exam.StepBP, exam.StepOximetry, exam.StepTemperature, exam.StepReview}, step)
}
