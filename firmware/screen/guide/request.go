package guide

import (
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Letter is a look at what a doctor asks, from anywhere.
const Letter Place = "request"

// Request is what a doctor asks of the people here.
type Request struct {
	ID      string
	Kind    string // "repeat", "message" or "call"
	Step    string // of a repeat
	Text    string // the doctor's own words
	By      string // the doctor's account
	Time    string // when it came
	Visit   string // which it is about; empty when that is not known here
	Patient reading.PatientRef
}

// Answered notes that a worker has read a request or will do it.
type Answered struct{ ID, Operator string }

func (Answered) call() {}

// request is what stands in front of everything else: a request, when the worker has her hands free for one, or asked for it. Nobody reads one who is
// not signed in.
func (s Session) request(v View) *Request {
	if len(v.Requests) == 0 || s.Worker == "" || s.Gate != "" || s.Corner != "" || s.Lesson != "" {
		return nil
	}
	r := &v.Requests[0]
	switch {
	case s.Aside == Letter:
		return r
	case s.Aside != "":
		return nil
	case v.Visit == nil:
		if s.Place == Home || s.Place == Saved {
			return r
		}
	case s.Place == Visit || s.Place == Saved || !s.beside(): // before she lets the patient go
		if v.Visit.Step == exam.StepReview && live(v.Visit) == "" {
			return r
		}
	}
	return nil
}

// InFront is the id of the request that is on the screen, or empty.
func InFront(v View, s Session) string {
	if r := s.request(v); r != nil && !v.Starting {
		return r.ID
	}
	return ""
}

// answer is a touch on a request.
func (s Session) answer(v View, r Request, t Tap) (Session, Call) {
	switch {
	case t.Do == "back" && s.Aside == Letter:
		s.Aside = ""
	case t.Do == "read" && t.Value == r.ID:
		s.Aside = ""
		return s, Answered{r.ID, s.Operator()}
	case t.Do == "measure" && t.Value == r.ID && r.measurable(v):
		s.Aside = ""
		s = s.at(Confirm)
		s.Patient = r.Patient
		return s, Answered{r.ID, s.Operator()}
	}
	return s, nil
}

// measurable says that a visit of the patient can begin now, without anything being typed.
func (r Request) measurable(v View) bool {
	return r.Kind == "repeat" && v.Visit == nil && r.Patient.Value != "" && !v.Full && !v.Low
}

func (s Session) onRequest(v View, r Request) Screen {
	c := Screen{
		ID: "request", Title: "request." + r.Kind + ".title", Body: "request." + r.Kind + ".body", Picture: "doctor", Letter: r.Text, At: r.Time, By: r.By,
		Primary: Button{Do: "read", Value: r.ID, Label: "request.read", Icon: "tick"},
	}
	if r.Kind == "repeat" {
		c.Title, c.Body, c.Picture = "request."+r.Step+".title", "request."+r.Step+".body", r.Step
	}
	if r.Patient.Value != "" {
		c.Who = Masked(r.Patient)
	}
	if r.measurable(v) {
		c.Primary = Button{Do: "measure", Value: r.ID, Label: "request.measure", Icon: "person"}
		c.Secondary = []Button{{Do: "read", Value: r.ID, Label: "request.read", Icon: "tick"}}
	}
	if s.Aside == Letter {
		c.Secondary = append([]Button{{Do: "back", Label: "back", Icon: "back"}}, c.Secondary...)
	}
	return c
}
