package guide

import (
	"slices"

	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// onDesk is a screen without a visit.
func (s Session) onDesk(v View) Screen {
	back := Button{Do: "back", Label: "back", Icon: "back"}
	switch s.Place {
	case Home:
		return s.onHome(v)
	case Lessons:
		return s.onLessons(v, back)
	case Today:
		return s.onToday(v, back)
	case Past, Slip, PastWrong, PastKind, PastHand:
		return s.onPast(v, back)
	case Identify, Birth, Sex, Confirm:
		return s.onPatient(back)
	case Saved:
		return s.over()
	}
	return Screen{ID: "ready", Title: "ready.title", Body: "ready.body", Picture: "clinic", Primary: Button{Do: "start", Label: "ready.start", Icon: "badge"}}
}

func (s Session) onHome(v View) Screen {
	home := Screen{
		ID: "home", Title: "home.title", Body: "home.body", Picture: "clinic", Primary: Button{Do: "start", Label: "home.start", Icon: "person"},
		Secondary: []Button{{Do: "today", Label: "home.today", Icon: "list"}},
	}
	if v.Looping {
		home.Body, home.Tone = "home.trouble", "fault"
	}
	if v.Low {
		home.Body, home.Tone, home.Picture, home.Primary.Off = "home.low", "fault", "battery", true
	}
	if v.Full {
		home.Body, home.Tone, home.Primary.Off = "home.full", "fault", true
	}
	if s.Lesson != "" {
		home.Title, home.Body, home.Picture = "lesson."+s.Lesson, "lesson."+s.Lesson+".body", "lesson"
		home.Secondary = append(home.Secondary, leavePractice)
		return home
	}
	if v.Lessons != nil {
		home.Secondary = append(home.Secondary, Button{Do: "practice", Label: "home.practice", Icon: "lesson"})
	}
	home.Secondary = append(home.Secondary, Button{Do: "sign-out", Label: "sign-out", Icon: "door"})
	return home
}

var leavePractice = Button{Do: "leave", Label: "leave-practice", Icon: "door"}

func (s Session) onLessons(v View, back Button) Screen {
	c := Screen{ID: "lessons", Title: "lessons.title", Body: "lessons.body", Primary: back}
	for _, l := range v.Lessons {
		b := Button{Do: "lesson", Value: l, Label: "lesson." + l, Icon: "lesson"}
		if slices.Contains(v.Learned, l) {
			b.Icon = "tick"
		}
		c.Choices = append(c.Choices, b)
	}
	return c
}

// onPatient says who it is.
func (s Session) onPatient(back Button) Screen {
	c := Screen{ID: string(s.Place), Title: string(s.Place) + ".title", Body: string(s.Place) + ".body", Step: 1, Primary: back}
	next := Button{Do: "next", Label: "next", Icon: "next"}
	if s.Why != "" {
		c.Body = s.Why
	}
	switch s.Place {
	case Identify:
		c.Pad, c.Choices = &Pad{Label: "identify.pad", Typed: s.Typed}, s.recents()
		next.Off = s.Typed == ""
	case Birth:
		c.Who, c.Pad = Masked(s.Patient), &Pad{Label: "birth.pad", Typed: s.Typed}
		next.Off = s.Typed != "" && len(s.Typed) != 4
	case Sex:
		c.Who, c.Choices = Masked(s.Patient), []Button{
			{Do: "sex", Value: "female", Label: "sex.female", Icon: "female"},
			{Do: "sex", Value: "male", Label: "sex.male", Icon: "male"},
			{Do: "sex", Value: "other", Label: "sex.other", Icon: "person"},
		}
		return c
	case Confirm:
		c.Picture, c.Who, c.Cards = "consent", Plain(s.Patient), s.identity()
		next.Label, next.Icon = "confirm.yes", "tick"
	}
	c.Primary, c.Secondary = next, []Button{back}
	return c
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
	case s.Lesson != "":
		c.Title, c.Body, c.Safe, c.Primary, c.Secondary = "lesson.done.title", "lesson.done.body", false, leavePractice, nil
	}
	return c
}

func (s Session) recents() (all []Button) {
	for _, p := range s.Recent {
		all = append(all, Button{Do: "recent", Value: p.Value, Text: Masked(p), Icon: "person"})
	}
	return all
}

func sexIcon(s reading.Sex) string {
	if s == reading.Female || s == reading.Male {
		return string(s)
	}
	return "person"
}

// identity is what two people compare: the number, the year of birth, the sex.
func (s Session) identity() []Card {
	birth := s.Patient.Birth
	if birth == "" {
		birth = "?"
	}
	return []Card{
		{Kind: "confirm.birth", Value: birth, Icon: "calendar"},
		{Kind: "sex." + string(s.Patient.Sex), Icon: sexIcon(s.Patient.Sex)},
	}
}
