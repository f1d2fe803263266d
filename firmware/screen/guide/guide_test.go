package guide

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen/words"
)

// TestEveryPromptHasAScreen reads the exam's source: a prompt without a look would be a blank screen.
func TestEveryPromptHasAScreen(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../exam/words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Prompt") && !strings.HasPrefix(spec.Names[0].Name, "Retry") || len(spec.Values) == 0 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		prompt, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if _, ok := looks[prompt]; !ok {
			t.Errorf("%s has no look", spec.Names[0].Name)
		}
		return true
	})
	if seen < 35 {
		t.Errorf("only %d prompts were found: the test looks at the wrong file", seen)
	}
}

// TestCodesAreOfOneFault: a code that a worker reads out on the telephone stands for one thing.
func TestCodesAreOfOneFault(t *testing.T) {
	of := map[string]string{}
	for _, p := range Prompts() {
		if c := looks[p].code; c != "" {
			if of[c] != "" {
				t.Errorf("%s is %s and %s", c, of[c], p)
			}
			of[c] = p
		} else if looks[p].tone == "fault" {
			t.Errorf("the fault %s has no code", p)
		}
	}
}

// A touch on something that the screen does not show changes nothing: a stale page, a double tap, a made-up request.
func TestStrangeTouchesDoNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := []Place{Ready, Home, Today, Identify, Birth, Sex, Confirm, Saved, Lessons, Past, Slip, PastWrong, PastKind}
		s := Session{Lang: "ur", Place: rapid.SampledFrom(places).Draw(t, "place"), Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "1"}}
		tap := Tap{rapid.StringMatching(`[a-z-]{0,12}`).Draw(t, "do"), rapid.String().Draw(t, "value")}
		screen := Of(View{}, s)
		shown := slices.ContainsFunc(all(screen), func(b Button) bool { return b.Do == tap.Do })
		if shown || tap.Do == "back" || tap.Do == "digit" || tap.Do == "erase" || tap.Do == "lang" || tap.Do == "status" {
			return
		}
		if next, call := s.Tap(View{}, tap); call != nil || next.Place != s.Place {
			t.Errorf("%q at %s leads to %s, %v", tap.Do, s.Place, next.Place, call)
		}
	})
}

func TestScannerAndEasternDigits(t *testing.T) {
	s := Session{Place: Identify}
	for _, d := range []string{"۱", "2", "٣", "x", "-"} {
		s, _ = s.Tap(View{}, Tap{"digit", d})
	}
	if s.Typed != "123" {
		t.Errorf("typed %q, want 123", s.Typed)
	}
	if s, _ = s.Tap(View{}, Tap{"next", ""}); s.Patient.Type != reading.MedicalRecord || s.Place != Birth {
		t.Errorf("a record number: %+v", s)
	}
	s = Session{Place: Identify, Typed: "3520212345671"}
	if s, _ = s.Tap(View{}, Tap{"next", ""}); s.Patient.Type != reading.NationalNumber {
		t.Errorf("thirteen digits: %+v", s.Patient)
	}
}

// typed is what a call hands over, or nil.
func typed(call Call) vitals.Measurement {
	if by, ok := act(call).(exam.ByHand); ok {
		return by.Measurement
	}
	return nil
}

func TestByHandNumbers(t *testing.T) {
	v := &exam.View{Step: exam.StepTemperature, Actions: []string{exam.ActByHand}}
	s := Session{Place: ByHand, Typed: "385"}
	s, _ = s.Tap(View{Visit: v}, Tap{"next", ""})
	if s.Place != Site {
		t.Errorf("after the number: %s, want the site", s.Place)
	}
	_, call := s.Tap(View{Visit: v}, Tap{"site", "oral"})
	if got := typed(call); got != (vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(38500)), Site: vitals.Oral}) {
		t.Errorf("385 on the pad, in the mouth: %+v", call)
	}
	v.Step = exam.StepBP
	s = Session{Place: ByHand, Typed: "122"}
	for _, typed := range []string{"122", "78", ""} {
		s.Typed = typed
		s, call = s.Tap(View{Visit: v}, Tap{"next", ""})
	}
	bp, ok := typed(call).(vitals.BloodPressure)
	if !ok || bp.Systolic != vitals.Some(vitals.MmHg(122)) || bp.Diastolic != vitals.Some(vitals.MmHg(78)) || bp.Pulse.Known() {
		t.Errorf("122, 78 and no pulse: %+v", bp)
	}
}

// A device that is not there is said before anybody waits for it, and there is a way past it; what is measured already is not disturbed.
func TestMissingDevice(t *testing.T) {
	v := exam.View{Step: exam.StepBP, Prompt: exam.PromptReady, Actions: []string{exam.ActStartCuff, exam.ActByHand, exam.ActSkip, exam.ActCancel}}
	s := Of(View{Visit: &v, Lost: []exam.Step{exam.StepBP}}, Session{Place: Visit})
	if s.ID != "missing" || s.Primary.Do != exam.ActByHand || slices.ContainsFunc(all(s), func(b Button) bool { return b.Do == exam.ActStartCuff }) {
		t.Errorf("no cuff: %s, %+v", s.ID, all(s))
	}
	if s := Of(View{Visit: &v, Lost: []exam.Step{exam.StepOximetry}}, Session{Place: Visit}); s.ID != "bp-prep" || s.Primary.Do != exam.ActStartCuff {
		t.Errorf("no oximeter, at the cuff: %s", s.ID)
	}
	v.Prompt, v.Actions = exam.PromptBPDone, []string{exam.ActNext, exam.ActRetake}
	if s := Of(View{Visit: &v, Lost: []exam.Step{exam.StepBP}}, Session{Place: Visit}); s.ID != "bp-result" {
		t.Errorf("no cuff, after the reading: %s", s.ID)
	}
}

// Saved means saved: while readings find no room, no screen says the word, neither in its title nor in its sentence nor below.
func TestNothingIsCalledSavedThatIsNot(t *testing.T) {
	said := func(c Screen) string { return strings.ToLower(words.Of("en", c.Title) + " " + words.Of("en", c.Body)) }
	check := func(c Screen) {
		t.Helper()
		if text := strings.ReplaceAll(said(c), "not saved", ""); c.Safe || strings.Contains(text, "lost") || strings.Contains(text, "saved") || c.Tone == "good" {
			t.Errorf("%s: %q, safe %v, tone %q", c.ID, said(c), c.Safe, c.Tone)
		}
	}
	for _, p := range []Place{Ready, Home, Today, Identify, Birth, Sex, Confirm, Saved, Lessons} {
		check(Of(View{Unkept: true}, Session{Place: p}))
	}
	check(Of(View{Unkept: true}, Session{Place: Home, Aside: Status}))
	for _, p := range []Place{Corner, CornerCheck, CornerQueue, CornerLink} {
		check(Of(View{Unkept: true}, Session{Corner: p}))
	}
	for _, prompt := range Prompts() {
		v := exam.View{Step: exam.StepBP, Prompt: prompt, Actions: []string{exam.ActSkip}, Readings: []exam.Shown{{Kind: "blood-pressure"}}}
		for _, p := range []Place{Visit, Cancel} {
			check(Of(View{Visit: &v, Unkept: true}, Session{Place: p}))
		}
	}
}

// What ended without being finished is not called complete, and what was withdrawn is not called saved.
func TestEndOfAVisit(t *testing.T) {
	readings := []exam.Shown{{Kind: "oximetry", Retracted: true}}
	for step, want := range map[exam.Step]string{exam.StepDone: "saved.title", exam.StepCancelled: "p.cancelled.title"} {
		s := Of(View{}, Session{}.Over(exam.View{Step: step, Readings: readings}))
		if s.Title != want || step == exam.StepCancelled && (s.Body != "over.withdrawn" || s.Safe || len(s.Cards) > 0) {
			t.Errorf("%s: %+v", step, s)
		}
	}
}

func TestRefusedNumberIsSaid(t *testing.T) {
	s := Session{Place: Confirm}.Refuse()
	if c := Of(View{}, s); c.ID != "identify" || c.Body != "identify.refused" {
		t.Errorf("after a refusal: %s, %s", c.ID, c.Body)
	}
	if s, _ = s.Tap(View{}, Tap{"back", ""}); s.Why != "" {
		t.Error("the refusal stays for the next patient")
	}
}
