package guide

import (
	"encoding/json"
	"strings"
	"testing"

	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// Nobody there: without a visit the worker is signed out and the patient forgotten; in a visit the screen locks and goes on where it was; while
// the cuff is tight it stays.
func TestIdle(t *testing.T) {
	s := Session{Place: Confirm, Worker: "7", Patient: reading.PatientRef{Value: "1"}}
	if got := s.Idle(nil); got.Place != Ready || got.Worker != "" || got.Patient.Value != "" || got.Rev == s.Rev {
		t.Errorf("without a visit: %+v", got)
	}
	tight := exam.View{Step: exam.StepBP, Prompt: exam.PromptMeasuring, Actions: []string{exam.ActStopCuff}}
	s = Session{Place: Visit, Worker: "7"}
	if got := s.Idle(&tight); got.Gate != "" {
		t.Error("locked while the cuff is tight: nobody could stop it")
	}
	rest := exam.View{Step: exam.StepReview, Prompt: exam.PromptReview, Actions: []string{exam.ActFinish}}
	s = s.Idle(&rest)
	if got, call := s.Tap(View{Visit: &rest}, Tap{exam.ActFinish, ""}); call != nil || got.Gate != PIN || Of(View{Visit: &rest}, s).ID != "pin" {
		t.Errorf("a locked screen: %+v, %v", got, call)
	}
	if again := s.Idle(&rest); again.Rev != s.Rev {
		t.Error("a locked screen is locked again")
	}
	s, call := s.Entered(View{Visit: &rest}, Account{Number: "8"})
	if s.Gate != "" || act(call) != (exam.TakeOver{Operator: "w-8"}) || Of(View{Visit: &rest}, s).ID != "review" {
		t.Errorf("another worker goes on: %+v, %v", s, call)
	}
}

// What is kept of a session has no digit of a PIN, and what is shown once is not kept.
func TestNoPINIsKept(t *testing.T) {
	s := Session{Gate: PIN, Number: "7"}
	for _, d := range "4821" {
		s, _ = s.Tap(View{}, Tap{"digit", string(d)})
	}
	s.First, s.Given = "4821", "4821"
	raw, err := json.Marshal(s.Kept())
	if err != nil || strings.Contains(string(raw), "48") {
		t.Errorf("kept: %s, %v", raw, err)
	}
	if c := Of(View{}, s); c.Pad == nil || !c.Pad.Secret {
		t.Error("the PIN is shown as it is typed")
	}
}

// The gate: number, PIN, a first PIN that has to be changed, and what is refused.
func TestGate(t *testing.T) {
	keyed := func(s Session, digits string) Session {
		for _, d := range digits {
			s, _ = s.Tap(View{}, Tap{"digit", string(d)})
		}
		return s
	}
	s, _ := New().Tap(View{}, Tap{"start", ""})
	s, _ = keyed(s, "007").Tap(View{}, Tap{"next", ""})
	if s.Gate != PIN || s.Number != "7" {
		t.Fatalf("after the number: %+v", s)
	}
	if _, call := keyed(s, "482").Tap(View{}, Tap{"next", ""}); call != nil {
		t.Errorf("three digits: %v", call)
	}
	s, call := keyed(s, "4821").Tap(View{}, Tap{"next", ""})
	if call != (SignIn{"7", "4821"}) {
		t.Errorf("number and PIN: %v", call)
	}
	if c := Of(View{}, s.Rejected(30)); c.Body != "pin.wait" || c.Wait != 30 {
		t.Errorf("too many: %+v", c)
	}
	s, _ = s.Entered(View{}, Account{Number: "7", OneTime: true})
	s, _ = keyed(s, "6174").Tap(View{}, Tap{"next", ""})
	if differ, call := keyed(s, "6175").Tap(View{}, Tap{"next", ""}); differ.Why != "pin.differ" || call != nil {
		t.Errorf("another the second time: %+v, %v", differ, call)
	}
	if _, call := keyed(s, "6174").Tap(View{}, Tap{"next", ""}); call != (ChoosePIN{"7", "6174"}) {
		t.Errorf("the same twice: %v", call)
	}
	badge, _ := New().Tap(View{}, Tap{"start", ""})
	if _, call := keyed(badge, "0007123456789012").Tap(View{}, Tap{"next", ""}); call != (SignIn{Number: "0007123456789012"}) {
		t.Errorf("a badge: %v", call)
	}
}
