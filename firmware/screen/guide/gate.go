package guide

import (
	"strings"

	"nabz/firmware/exam"
)

// The gate's places, in order.
const (
	Staff    Place = "staff"     // the number of the badge, or its code
	PIN      Place = "pin"       //
	NewPIN   Place = "new-pin"   // the first one was given: another is chosen
	PINAgain Place = "pin-again" // and typed once more
)

// technicianNumber is the number of the technician's account (package workers).
const technicianNumber = "0"

const (
	leastPIN  = 4
	mostPIN   = 6
	badgeCode = 16 // digits
)

// ask puts the gate in front.
func (s Session) ask(gate Place, number string) Session {
	s.Gate, s.Number, s.Typed, s.First, s.Why, s.Wait = gate, number, "", "", "", 0
	return s
}

// technician asks for the technician's PIN, or on a kiosk that has none for one to be chosen.
func (s Session) technician(v View) Session {
	if v.Claimed {
		return s.ask(PIN, technicianNumber)
	}
	return s.ask(NewPIN, technicianNumber)
}

func (s Session) gate(v View, t Tap) (Session, Call) {
	switch t.Do {
	case "digit":
		most := mostPIN
		if s.Gate == Staff {
			most = badgeCode
		}
		return s.digit(t.Value, most), nil
	case "erase":
		return s.erase(), nil
	case "back":
		return s.ungate(v), nil
	case "technician":
		if s.Gate == Staff {
			return s.technician(v), nil
		}
	case "number":
		if s.Gate == Staff && t.Value != "" {
			return s.ask(PIN, t.Value), nil
		}
	case "next":
		return s.passed()
	}
	return s, nil
}

// ungate goes back; who is locked out of a visit stays before it.
func (s Session) ungate(v View) Session {
	if s.Gate != Staff {
		return s.ask(Staff, "")
	}
	if v.Visit != nil {
		return s
	}
	s = s.ask("", "")
	return s.at(Ready)
}

// passed is the main button of the gate.
func (s Session) passed() (Session, Call) {
	typed := s.Typed
	switch s.Gate {
	case Staff:
		number := strings.TrimLeft(typed, "0")
		switch {
		case len(typed) == badgeCode:
			s.Typed = ""
			return s, SignIn{Number: typed}
		case number != "" && len(typed) <= 4:
			return s.ask(PIN, number), nil
		}
	case PIN:
		if len(typed) >= leastPIN {
			s.Typed = ""
			return s, SignIn{s.Number, typed}
		}
	case NewPIN:
		if len(typed) >= leastPIN {
			s = s.ask(PINAgain, s.Number)
			s.First = typed
		}
	case PINAgain:
		if len(typed) < leastPIN {
			break
		}
		if typed != s.First {
			s = s.ask(NewPIN, s.Number)
			s.Why = "pin.differ"
			return s, nil
		}
		s.Typed = ""
		return s, ChoosePIN{s.Number, typed}
	}
	return s, nil
}

// Account is what the screen has to know of a worker.
type Account struct {
	Number  string
	Lang    string
	OneTime bool // a PIN has to be chosen
	Quiet   bool // enough visits: prompts are spoken only when asked for
	Left    bool
}

// Entered is the session after number and PIN, or the badge, were right. It returns the call that tells the visit in progress whose it is now.
func (s Session) Entered(v View, a Account) (Session, Call) {
	if a.OneTime {
		return s.ask(NewPIN, a.Number), nil
	}
	s = s.ask("", "")
	if a.Number == technicianNumber {
		s.Corner, s.Page = Corner, 0
		return s, nil
	}
	s.Worker, s.Quiet = a.Number, a.Quiet
	if a.Lang != "" {
		s.Lang = a.Lang
	}
	if v.Visit == nil {
		return s.at(Home), nil
	}
	return s.at(Visit), Act{exam.TakeOver{Operator: s.Operator()}}
}

// Rejected is the session after they were wrong. wait is how many seconds nobody may try.
func (s Session) Rejected(wait int) Session {
	s.Typed, s.Why, s.Wait = "", "pin.wrong", wait
	if wait > 0 {
		s.Why = "pin.wait"
	}
	return s
}

// Weak is the session after a PIN was refused that anybody would guess.
func (s Session) Weak() Session {
	s = s.ask(NewPIN, s.Number)
	s.Why = "pin.weak"
	return s
}

// Idle is the session after nobody has touched the screen for long: without a visit the worker is signed out, in a visit the gate stands before
// it. While something is measured it stays as it is: whoever stands there must be able to stop the cuff.
func (s Session) Idle(v *exam.View) Session {
	idle := s.idle(v)
	if idle.Gate != s.Gate || idle.Place != s.Place || idle.Corner != s.Corner || idle.Worker != s.Worker {
		idle.Rev++
	}
	return idle
}

func (s Session) idle(v *exam.View) Session {
	if v != nil && live(v) != "" {
		return s
	}
	s.Corner, s.Aside, s.Given = "", "", ""
	switch {
	case v != nil && s.Gate == "" && s.Worker != "":
		return s.ask(PIN, s.Worker)
	case v != nil && s.Gate == "":
		return s.ask(Staff, "")
	case v != nil:
		return s
	}
	s = s.ask("", "")
	return s.out()
}

// locked says that somebody has to sign in again to go on with the visit.
func (s Session) locked(v View) bool { return s.Gate != "" && v.Visit != nil }

func (s Session) onGate(v View) Screen {
	next := Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == ""}
	back := Button{Do: "back", Label: "back", Icon: "back"}
	c := Screen{
		ID: string(s.Gate), Title: string(s.Gate) + ".title", Body: string(s.Gate) + ".body", Picture: "badge",
		Pad: &Pad{Label: string(s.Gate) + ".pad", Typed: s.Typed, Secret: s.Gate != Staff}, Primary: next,
	}
	if s.Gate != Staff {
		c.Primary.Off, c.Secondary = len(s.Typed) < leastPIN, []Button{back}
		if s.Number != technicianNumber {
			c.Who = s.Number
		}
	} else {
		c = s.onStaff(v, c, back)
	}
	if s.locked(v) {
		c.Title, c.Body, c.Safe = "locked.title", "locked.body", true
		if s.Gate == PIN {
			c.Title = "pin.title"
		}
	}
	if s.Why != "" {
		c.Body, c.Tone = s.Why, "fault"
	}
	c.Wait = s.Wait
	return c
}

// mostStaff is how many workers are offered without typing.
const mostStaff = 6

func (s Session) onStaff(v View, c Screen, back Button) Screen {
	for _, a := range v.Workers {
		if !a.Left && len(c.Choices) < mostStaff {
			c.Choices = append(c.Choices, Button{Do: "number", Value: a.Number, Text: a.Number, Icon: "badge"})
		}
	}
	if len(c.Choices) == 0 {
		c.Body = "staff.nobody"
	}
	c.Secondary = []Button{{Do: "technician", Label: "technician", Icon: "tool"}}
	if v.Visit == nil {
		c.Secondary = append([]Button{back}, c.Secondary...)
	}
	return c
}
