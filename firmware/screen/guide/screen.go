package guide

import (
	"cmp"
	"strings"

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
	English   bool   // the fault stands there in English as well
	Who       string // the number that is to be compared: the patient's, or the worker's
	Given     string // shown once: a first PIN, a badge's code, where an export is
	Slip      string // a row of the register
	Letter    string // a doctor's own words
	At, By    string // when they came, and whose they are
	Wait      int    // seconds until the next try
	Pad       *Pad
	Choices   []Button // pictures to choose from, beside a pad or instead of one
	Past      []Over   // visits to choose from
	Live      string   // "cuff", "oximetry", "temperature", "breaths": what moves on it
	Countdown bool     // something is waited for by time
	Cards     []Card   // what was accepted
	Score     *exam.Score
	Say       string // key of the spoken prompt
	Quiet     bool   // it is spoken only when asked for
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
	Label  string // key of what is typed
	Typed  string
	Secret bool   // shown as dots
	Unit   string // as it is
	Fixed  int    // decimals: 1 shows 368 as 36.8
}

// Card is an accepted measurement.
type Card struct {
	ID      string // of the reading; empty when it is none
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
	Visit    *exam.View  // nil without one
	Lost     []exam.Step // steps whose device is missing
	Full     bool        // no visit may begin
	Low      bool        // likewise, and nothing is inflated: the battery is nearly empty
	Checking bool        // the quick check runs
	Looping  bool        // the kiosk starts again and again
	Leaving  bool        // the box switches itself off in a moment
	Unkept   bool        // readings find no room: nothing may be called saved
	Number   string      // the patient of the visit in progress, masked
	Claimed  bool        // the technician has a PIN
	Workers  []Account   // without the technician
	Past     []Over      // the day's visits, newest first
	Parked   int         // entries that a person has to look at
	Starting bool        // of a lesson: the power is away
	Lessons  []string    // of the practice; nil where there is none
	Learned  []string    // the worker's
	Requests []Request   // what doctors ask, oldest first
}

// Of is the screen for what the kiosk is doing and where the worker is.
func Of(v View, s Session) Screen {
	c := s.screen(v)
	if v.Unkept {
		c = c.unkept()
	}
	c.Say, c.Quiet, c.English = strings.TrimSuffix(c.Title, ".title"), s.Quiet, s.Both && c.Tone == "fault"
	return c
}

// claims are the words that call something saved, with what stands there when it is not.
var claims = map[string]string{
	"saved.title": "saved.not", "today.body": "notsaved", "cancel.body": "notsaved", "p.review.body": "notsaved", "p.done.title": "saved.not",
	"leaving.body": "notsaved", "home.trouble": "notsaved", "p.cancelled.body": "notsaved", "p.repeat-confirm.body": "notsaved", "p.count-done.body": "notsaved",
	"status.body": "notsaved", "corner-queue.body": "notsaved",
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
	switch {
	case v.Leaving: // there is nothing to do; it is over in seconds
		return Screen{ID: "leaving", Title: "leaving.title", Body: "leaving.body", Picture: "battery", Primary: Button{Do: "back", Label: "leaving.wait", Icon: "battery", Off: true}}
	case v.Starting:
		return Screen{ID: "power", Title: "power.title", Body: "power.body", Picture: "plug", Primary: leavePractice}
	}
	if r := s.request(v); r != nil {
		return s.onRequest(v, *r)
	}
	switch {
	case s.Aside == Status:
		return Screen{ID: "status", Title: "status.title", Body: "status.body", Primary: Button{Do: "back", Label: "back", Icon: "back"}}
	case s.Gate != "":
		return s.onGate(v)
	case s.Corner != "":
		return s.onCorner(v)
	case v.Visit != nil:
		if !s.beside() {
			s.Place = Visit
		}
		return s.onVisit(v)
	case s.beside():
		s.Place = Home // the visit is gone
	}
	return s.onDesk(v)
}
