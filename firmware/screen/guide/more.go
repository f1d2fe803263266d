package guide

import (
	"slices"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
)

// What a person counts, sees and asks: from the review, one question a screen.

var (
	levels   = []vitals.Consciousness{vitals.Alert, vitals.Confused, vitals.Voice, vitals.Pain, vitals.Unresponsive}
	breathes = []vitals.Breathing{vitals.Air, vitals.Oxygen}
	answers  = []vitals.Pregnancy{vitals.NotPregnant, vitals.Pregnant, ""}
)

// observe goes through the questions; Fields holds the answers so far.
func (s Session) observe(v *exam.View, t Tap) (Session, Call) {
	if !slices.Contains(v.Actions, exam.ActObserve) {
		return s.at(Visit), nil
	}
	switch {
	case s.Place == More && t.Do == "count":
		return s.at(Visit), Act{exam.Observe{}}
	case s.Place == More && t.Do == "look":
		return s.at(Awake), nil
	case s.Place == Awake && t.Do == "answer" && slices.Contains(levels, vitals.Consciousness(t.Value)):
		return s.answered(Breathing, t.Value), nil
	case s.Place == Breathing && t.Do == "answer" && slices.Contains(breathes, vitals.Breathing(t.Value)):
		if v.AskPregnancy {
			return s.answered(Pregnant, t.Value), nil
		}
		return s.judged(t.Value)
	case s.Place == Pregnant && t.Do == "answer" && slices.Contains(answers, vitals.Pregnancy(t.Value)):
		return s.judged(t.Value)
	}
	return s, nil
}

func (s Session) answered(next Place, value string) Session {
	s.Place, s.Fields = next, append(slices.Clone(s.Fields), value)
	return s
}

// judged hands the answers over.
func (s Session) judged(last string) (Session, Call) {
	all := append(slices.Clone(s.Fields), last, "", "")
	if len(s.Fields) < 1 {
		return s.at(More), nil
	}
	return s.at(Visit), Act{exam.ByHand{Measurement: vitals.Condition{
		Consciousness: vitals.Consciousness(all[0]), Breathing: vitals.Breathing(all[1]), Pregnancy: vitals.Pregnancy(all[2]),
	}}}
}

func (s Session) onMore(c Screen, back Button) Screen {
	c.ID, c.Title, c.Body, c.Primary = string(s.Place), string(s.Place)+".title", string(s.Place)+".body", back
	answer := func(value string) {
		icon := string(s.Place) + "-" + value
		if value == "" {
			icon = "skip-other"
		}
		c.Choices = append(c.Choices, Button{Do: "answer", Value: value, Label: string(s.Place) + "." + value, Icon: icon})
	}
	switch s.Place {
	case More:
		c.Choices = []Button{{Do: "count", Label: "more.count", Icon: "respiration"}, {Do: "look", Label: "more.look", Icon: "condition"}}
	case Awake:
		for _, l := range levels {
			answer(string(l))
		}
	case Breathing:
		for _, b := range breathes {
			answer(string(b))
		}
	case Pregnant:
		for _, p := range answers {
			answer(string(p))
		}
	}
	return c
}
