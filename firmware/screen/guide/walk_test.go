package guide

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen/words"
)

// walker is a worker who touches anything, on a real exam.
type walker struct {
	*rapid.T
	session Session
	visit   *exam.Visit
	now     time.Duration
	events  int

	claimed bool
	workers []Account
	past    []Over
	outer   Session // while a lesson is in front

	requests []Request
}

func (w *walker) view() View {
	view := View{
		Claimed: w.claimed, Workers: w.workers, Past: w.past, Parked: 2, Lessons: []string{"normal", "power-cut"}, Learned: []string{"normal"},
	}
	if w.session.Lesson != "" {
		view.Lessons = nil
	}
	view.Requests = w.requests
	if w.visit != nil {
		v := w.visit.View()
		view.Visit, view.Number = &v, "1"
	}
	return view
}

func (w *walker) step(what exam.What) {
	w.events++
	at := clock.Stamp{Boot: "b", SinceBoot: w.now, Wall: time.Unix(1_790_000_000, 0).Add(w.now), Source: clock.NTP}
	w.visit.Step(exam.Event{At: at, ID: "0192f3a1-7c5e-7b1a-9d0e-" + strings.Repeat("0", 12-len(strconv.Itoa(w.events))) + strconv.Itoa(w.events), What: what})
	if v := w.visit.View(); v.Step == exam.StepDone || v.Step == exam.StepCancelled {
		w.session, w.visit = w.session.Over(v), nil
		w.past = append(w.past, Over{ID: "v" + strconv.Itoa(w.events), Number: "1", Time: "09:05", Reached: 1, View: v, Row: "x"})
	}
}

// touch is what the kiosk does with a tap.
func (w *walker) touch(b Button) {
	w.now += 100 * time.Millisecond
	next, call := w.session.Tap(w.view(), Tap{b.Do, b.Value})
	w.session = next
	w.do(call)
}

// do is what the kiosk does with a call. PINs are right but for one.
func (w *walker) do(call Call) {
	next := w.session
	switch c := call.(type) {
	case Open:
		w.visit = exam.New("0192f3a1-7c5e-7b1a-9d0e-000000000001", exam.Settings{Readings: 3, Practice: true})
		w.step(exam.Identify{Patient: c.Patient, Operator: c.Operator, Agreed: true})
		w.session = next.Opened()
	case Act:
		if w.visit != nil {
			w.step(c.What)
		}
	case Answered:
		if len(w.requests) == 0 || c.ID != w.requests[0].ID || c.Operator == "" {
			w.Errorf("%+v of %+v", c, w.requests)
		}
		w.requests = w.requests[1:]
	case SignIn:
		if c.PIN == "0000" || c.PIN == "" && c.Number != "0007123456789012" {
			w.session = next.Rejected(len(c.PIN) * 5)
			return
		}
		if c.PIN == "" {
			c.Number = "7"
		}
		w.enter(Account{Number: c.Number, Lang: "en", OneTime: c.PIN == "5555"})
	case ChoosePIN:
		if c.PIN == "1111" {
			w.session = next.Weak()
			return
		}
		w.claimed = w.claimed || c.Number == technicianNumber
		w.enter(Account{Number: c.Number})
	case NewWorker:
		if len(w.workers) > 7 {
			w.session = next.Unmade()
			return
		}
		w.workers = append(w.workers, Account{Number: c.Number})
		w.session = next.Gave(c.Number, "4821")
	case ResetPIN:
		w.session = next.Gave(c.Number, "4821")
	case IssueBadge:
		w.session = next.Gave(c.Number, "0007123456789012")
	case Export:
		w.session = next.Exported("")
	case Practise:
		w.outer = w.session
		w.session = New()
		w.session.Place, w.session.Worker, w.session.Lesson = Home, c.Number, c.Lesson
	case Leave:
		w.session, w.visit = w.outer, nil
	}
}

func (w *walker) enter(a Account) {
	next, call := w.session.Entered(w.view(), a)
	w.session = next
	w.do(call)
}

// happens is what a visit may hear besides touches.
func (w *walker) happens(kind int) {
	if w.visit == nil {
		return
	}
	w.now += time.Duration(rapid.IntRange(100, 400_000).Draw(w.T, "ms")) * time.Millisecond
	bp := vitals.Sample{Kind: vitals.KindBloodPressure, BloodPressure: vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(rapid.IntRange(30, 310).Draw(w.T, "sys"))), Diastolic: vitals.Some(vitals.MmHg(rapid.IntRange(20, 200).Draw(w.T, "dia"))),
	}}
	switch kind {
	case 0:
		w.step(exam.Tick{})
	case 1:
		w.step(exam.Arrived{Sample: bp})
	case 2:
		w.step(exam.CuffFailed{})
	case 3:
		w.step(exam.DeviceLost{Kind: vitals.KindBloodPressure})
	case 4:
		w.step(exam.DeviceLost{Kind: vitals.KindOximetry})
	case 7:
		w.step(exam.TakeOver{Operator: "w-9"})
	case 6:
		v := w.visit.View()
		w.session = w.session.Idle(&v)
	case 5:
		w.step(exam.Arrived{Sample: vitals.Sample{Kind: vitals.KindBloodPressure, Flags: vitals.CuffLoose}})
	}
}

// sound holds a screen to its contract.
func (w *walker) sound(s Screen) {
	w.Helper()
	if s.Title == "" || s.Body == "" || s.Title == "p..title" {
		w.Fatalf("%s at %+v has no words", s.ID, w.session.Place)
	}
	if len(s.Secondary) > 3 {
		w.Errorf("%s offers %d others", s.ID, len(s.Secondary))
	}
	for _, key := range keysOf(s) {
		if !words.Has(key) {
			w.Errorf("%s: %q has no words", s.ID, key)
		}
	}
	if s.Pad == nil && !slices.ContainsFunc(all(s), func(b Button) bool { return !b.Off }) {
		w.Errorf("%s is a dead end", s.ID)
	}
}

func all(s Screen) []Button { return append(append([]Button{s.Primary}, s.Secondary...), s.Choices...) }

func keysOf(s Screen) []string {
	keys := []string{s.Title, s.Body}
	for _, b := range all(s) {
		if b.Text == "" {
			keys = append(keys, b.Label)
		}
	}
	for _, c := range s.Cards {
		keys = append(keys, c.Kind)
		if c.Word != "" {
			keys = append(keys, c.Word)
		}
	}
	if s.Pad != nil {
		keys = append(keys, s.Pad.Label)
	}
	return keys
}

// leave touches what leads out, as a worker who wants to go home would, and must come to the first screen. It touches only what is shown.
func (w *walker) leave() {
	w.Helper()
	for range 40 {
		s := Of(w.view(), w.session)
		if s.ID == "ready" {
			return
		}
		if s.ID == "staff" || s.ID == "pin" || s.ID == "new-pin" || s.ID == "pin-again" {
			if w.signIn(s.ID) {
				continue
			}
		}
		touched := false
		for _, do := range []string{"read", "leave", "leave-corner", "sign-out", "sure", exam.ActCancel, exam.ActFinish, exam.ActStopCuff, exam.ActStopCount, exam.ActSkip, "back"} {
			if i := slices.IndexFunc(all(s), func(b Button) bool { return b.Do == do && !b.Off }); i >= 0 {
				w.touch(all(s)[i])
				touched = true
				break
			}
		}
		if !touched {
			w.Fatalf("no way out of %s: %+v", s.ID, all(s))
		}
	}
	w.Fatalf("no way out in twenty touches; the last screen is %s", Of(w.view(), w.session).ID)
}

// signIn does what a worker does at the gate; false when going back is the way out.
func (w *walker) signIn(at string) bool {
	if w.visit == nil {
		return false
	}
	for w.session.Typed != "" {
		w.touch(Button{Do: "erase"})
	}
	digits := map[string]string{"staff": "7", "pin": "4821", "new-pin": "4821", "pin-again": w.session.First}[at]
	for _, d := range digits {
		w.touch(Button{Do: "digit", Value: string(d)})
	}
	w.touch(Button{Do: "next"})
	return true
}

// TestNoDeadEnd: whatever a worker touches and whatever the devices do, every screen has words, something to touch, and a way home.
func TestNoDeadEnd(t *testing.T) {
	seen := map[string]int{}
	walk := func(t *rapid.T) {
		w := &walker{T: t, session: New()}
		w.begin()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			s := Of(w.view(), w.session)
			seen[s.ID]++
			w.sound(s)
			buttons := all(s)
			buttons = append(buttons, Button{Do: "status"}, Button{Do: "request"})
			if rapid.IntRange(0, 30).Draw(t, "doctor") == 0 {
				w.asked()
			}
			for _, o := range s.Past {
				buttons = append(buttons, Button{Do: "visit", Value: o.ID})
			}
			if s.Pad != nil {
				d := strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "digit"))
				for range rapid.SampledFrom([]int{1, 1, 4}).Draw(t, "times") { // a PIN of four alike is typed often
					buttons = append(buttons, Button{Do: "digit", Value: d})
				}
				buttons = append(buttons, Button{Do: "erase"})
			}
			if rapid.IntRange(0, 3).Draw(t, "who") == 0 {
				w.happens(rapid.IntRange(0, 7).Draw(t, "what"))
				continue
			}
			if b := rapid.SampledFrom(buttons).Draw(t, "button"); !b.Off {
				w.touch(b)
			}
		}
		w.sound(Of(w.view(), w.session))
		w.leave()
	}
	for range 30 { // walks are short, and there are many screens
		rapid.Check(t, walk)
	}
	for _, id := range []string{
		"staff", "pin", "new-pin", "pin-again", "home", "identify", "birth", "sex", "confirm", "bp-prep", "review", "more", "awake", "count", "saved", "today",
		"past", "slip", "lessons", "status", "corner", "corner-workers", "corner-new", "corner-given", "request",
	} {
		if seen[id] == 0 {
			t.Errorf("no walk came to %s: %v", id, seen)
		}
	}
}

// asked is a doctor's request that comes.
func (w *walker) asked() {
	r := Request{ID: "c" + strconv.Itoa(w.events) + strconv.Itoa(len(w.requests)), Kind: rapid.SampledFrom([]string{"repeat", "message", "call"}).Draw(w.T, "kind"), By: "d-1", Time: "09:05"}
	if r.Kind == "repeat" {
		r.Step = rapid.SampledFrom([]string{"blood-pressure", "oximetry", "temperature", "respiration"}).Draw(w.T, "measure")
		r.Patient = reading.PatientRef{Type: reading.MedicalRecord, Value: "1"}
	}
	w.requests = append(w.requests, r)
}

// begin brings a walker somewhere to start from: nobody signed in, a worker at home, in a visit or at its review, one who looks back, the technician.
func (w *walker) begin() {
	w.session.Worker, w.session.Place = "7", Home
	who := reading.PatientRef{Type: reading.MedicalRecord, Value: "1", Sex: reading.Female}
	switch rapid.IntRange(0, 6).Draw(w.T, "begin") {
	case 0:
		w.session = New()
	case 1:
		w.session = New()
		w.session.Corner, w.workers = Corner, []Account{{Number: "7"}, {Number: "8", Left: true}}
	case 2, 3:
		w.session.Patient = who
		w.do(Open{Patient: who, Operator: "w-7"})
	case 4:
		w.session.Patient = who
		w.do(Open{Patient: who, Operator: "w-7"})
		for range 3 {
			w.step(exam.Skip{Reason: exam.SkipOther})
		}
	case 5:
		v := exam.View{Step: exam.StepDone, Corrects: []string{"blood-pressure"}}
		w.past = []Over{{ID: "v", Number: "1", Time: "09:05", Reached: 1, View: v, Row: "x"}}
		w.session.Place = Today
	}
}
