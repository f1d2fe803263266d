package guide

import (
	"slices"

	"nabz/firmware/exam"
)

// The places that look back.
const (
	Today     Place = "today" // the visits of the day
	Past      Place = "past"  // one of them
	Slip      Place = "slip"  // its row of the register, to read or to scan
	PastWrong Place = "past-wrong"
	PastKind  Place = "past-kind" // which typed number is to be corrected?
	PastHand  Place = "past-hand"
	Status    Place = "status" // how things stand; beside anything
)

// Over is a visit that is over, as a list shows it.
type Over struct {
	ID        string
	Number    string // the patient's, masked
	Time      string
	Reached   int  // the step that all its readings have reached: 1 saved, 2 sent, 3 recorded, 4 seen
	Parked    bool // a person has to look at one
	Withdrawn bool
	View      exam.View
	Row       string // of the register, as one line of text
}

// perDay is how many visits a page of the list shows.
const perDay = 4

// past is the visit that is looked at.
func (s Session) past(v View) *Over {
	i := slices.IndexFunc(v.Past, func(o Over) bool { return o.ID == s.Of })
	if i < 0 {
		return nil
	}
	return &v.Past[i]
}

// tapPast is a touch on what looks back; false when it is none of these.
func (s Session) tapPast(v View, t Tap) (Session, Call, bool) {
	if s.Place == Today {
		return s.tapToday(v, t), nil, true
	}
	o := s.past(v)
	if o == nil {
		return s, nil, false
	}
	switch place := s.Place; {
	case place == Past && t.Do == "slip":
		return s.at(Slip), Shown{o.ID}, true
	case place == Past && t.Do == "wrong" && !o.Withdrawn:
		return s.at(PastWrong), nil, true
	case place == PastWrong && t.Do == "sure":
		return s.at(Past), Afterwards{o.ID, exam.Withdraw{Operator: s.Operator()}}, true
	case place == Past && t.Do == "correct" && len(o.View.Corrects) > 0:
		return s.at(PastKind), nil, true
	case place == PastKind && t.Do == "kind" && slices.Contains(o.View.Corrects, t.Value):
		s = s.at(PastHand)
		s.Fields = []string{t.Value}
		return s, nil, true
	case place == PastHand && t.Do == "next" && len(s.Fields) > 0:
		next, call := s.corrected(*o)
		return next, call, true
	}
	return s, nil, false
}

func (s Session) tapToday(v View, t Tap) Session {
	switch {
	case t.Do == "visit" && slices.ContainsFunc(v.Past, func(o Over) bool { return o.ID == t.Value }):
		s.Of = t.Value
		return s.at(Past)
	case t.Do == "more" && len(v.Past) > perDay:
		if s.Page++; s.Page*perDay >= len(v.Past) {
			s.Page = 0
		}
	}
	return s
}

// corrected takes one number after another; Fields holds the kind and then what was typed.
func (s Session) corrected(o Over) (Session, Call) {
	step := exam.Step(s.Fields[0])
	asked := Asked(step)
	done := len(s.Fields) - 1
	if done >= len(asked) || s.Typed == "" && asked[done] != "pulse" {
		return s, nil
	}
	s.Fields, s.Typed = append(slices.Clone(s.Fields), s.Typed), ""
	if done+1 < len(asked) {
		return s, nil
	}
	return s.at(Past), Afterwards{o.ID, exam.Correct{Measurement: measured(step, s.Fields[1:], ""), Operator: s.Operator()}}
}

// page is the part of the list that is shown.
func (s Session) page(all []Over) []Over {
	from := min(s.Page*perDay, len(all))
	return all[from:min(from+perDay, len(all))]
}

func (s Session) onToday(v View, back Button) Screen {
	c := Screen{ID: "today", Title: "today.title", Body: "today.body", Primary: back, Past: s.page(v.Past)}
	if len(v.Past) == 0 {
		c.Body = "today.none"
	}
	if len(v.Past) > perDay {
		c.Secondary = []Button{{Do: "more", Label: "more-rows", Icon: "next"}}
	}
	return c
}

func (s Session) onPast(v View, back Button) Screen {
	o := s.past(v)
	if o == nil {
		return s.onToday(v, back)
	}
	c := Screen{ID: string(s.Place), Title: string(s.Place) + ".title", Body: string(s.Place) + ".body", Who: o.Number, Primary: back}
	switch s.Place {
	case Past:
		c.Cards, c.Secondary = cards(o.View.Readings), []Button{{Do: "slip", Label: "slip.title", Icon: "qr"}}
		if o.Withdrawn {
			c.Body = "over.withdrawn"
			break
		}
		if len(o.View.Corrects) > 0 {
			c.Secondary = append(c.Secondary, Button{Do: "correct", Label: "act.correct", Icon: "pen"})
		}
		c.Secondary = append(c.Secondary, Button{Do: "wrong", Label: "act.wrong-patient", Icon: "wrong"})
	case Slip:
		c.Slip = o.Row
	case PastWrong:
		c.Picture, c.Tone, c.Secondary = "wrong", "fault", []Button{{Do: "sure", Label: "wrong.sure", Icon: "cross", Danger: true}}
	case PastKind:
		for _, k := range o.View.Corrects {
			c.Choices = append(c.Choices, Button{Do: "kind", Value: k, Label: "kind." + k, Icon: k})
		}
	case PastHand:
		return s.onPastHand(c, back)
	}
	return c
}

func (s Session) onPastHand(c Screen, back Button) Screen {
	asked := Asked(exam.Step(s.Fields[0]))
	field := asked[min(len(s.Fields)-1, len(asked)-1)]
	c.Pad = padFor(field, s.Typed)
	c.Primary, c.Secondary = Button{Do: "next", Label: "next", Icon: "next", Off: s.Typed == "" && field != "pulse"}, []Button{back}
	return c
}
