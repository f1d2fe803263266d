package guide

import (
	"reflect"
	"testing"

	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

var (
	her    = reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female}
	repeat = Request{ID: "c1", Kind: "repeat", Step: "oximetry", By: "d-1", Time: "09:05", Patient: her}
)

// TestWhenARequestIsShown: before a worker who has her hands free, never before one who measures, and never before nobody.
func TestWhenARequestIsShown(t *testing.T) {
	home := Session{Worker: "7", Place: Home}
	with := func(s Session, change func(*Session)) Session { change(&s); return s }
	measuring := &exam.View{Step: exam.StepBP, Prompt: exam.PromptMeasuring}
	for name, c := range map[string]struct {
		session Session
		visit   *exam.View
		want    bool
	}{
		"home":                  {session: home, want: true},
		"nobody signed in":      {session: New()},
		"at the gate":           {session: with(home, func(s *Session) { s.Gate = PIN })},
		"technician":            {session: with(home, func(s *Session) { s.Corner = Corner })},
		"a lesson":              {session: with(home, func(s *Session) { s.Lesson = "normal" })},
		"typing a number":       {session: with(home, func(s *Session) { s.Place = Identify })},
		"typing, and asked for": {session: with(home, func(s *Session) { s.Place, s.Aside = Identify, Letter }), want: true},
		"looking at the link":   {session: with(home, func(s *Session) { s.Aside = Status })},
		"the visit is saved":    {session: with(home, func(s *Session) { s.Place = Saved }), want: true},
		"measuring":             {session: with(home, func(s *Session) { s.Place = Visit }), visit: measuring},
		"at the review":         {session: with(home, func(s *Session) { s.Place = Visit }), visit: &exam.View{Step: exam.StepReview, Prompt: exam.PromptReview}, want: true},
		"choosing at the review": {
			session: with(home, func(s *Session) { s.Place = Retake }), visit: &exam.View{Step: exam.StepReview, Prompt: exam.PromptReview},
		},
	} {
		v := View{Visit: c.visit, Requests: []Request{repeat}}
		if got := InFront(v, c.session) == "c1"; got != c.want || (Of(v, c.session).ID == "request") != c.want {
			t.Errorf("%s: shown %t, screen %s", name, got, Of(v, c.session).ID)
		}
	}
}

// TestARequestLeadsToThePatient: one touch, nothing is typed; an answer to another request than the one that is shown does nothing.
func TestARequestLeadsToThePatient(t *testing.T) {
	v := View{Requests: []Request{repeat}}
	home := Session{Worker: "7", Place: Home}
	next, call := home.Tap(v, Tap{"measure", "c1"})
	if next.Place != Confirm || next.Patient != her || !reflect.DeepEqual(call, Answered{"c1", "w-7"}) {
		t.Errorf("%+v, %+v", next, call)
	}
	next, call = home.Tap(v, Tap{"read", "c1"})
	if next.Place != Home || !reflect.DeepEqual(call, Answered{"c1", "w-7"}) {
		t.Errorf("%+v, %+v", next, call)
	}
	for _, tap := range []Tap{{"read", "c2"}, {"measure", "c2"}, {"start", ""}, {"sign-out", ""}} {
		if next, call := home.Tap(v, tap); call != nil || next.Rev != home.Rev {
			t.Errorf("%+v: %+v, %+v", tap, next, call)
		}
	}
	v.Low = true
	if next, call := home.Tap(v, Tap{"measure", "c1"}); call != nil || next.Place != Home {
		t.Errorf("on an empty battery: %+v, %+v", next, call)
	}
}
