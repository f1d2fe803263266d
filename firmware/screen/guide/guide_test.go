package guide

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
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
}

func (w *walker) view() View {
	view := View{
		Claimed: w.claimed, Workers: w.workers, Past: w.past, Parked: 2, Lessons: []string{"normal", "power-cut"}, Learned: []string{"normal"},
	}
	if w.session.Lesson != "" {
		view.Lessons = nil
	}
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
		for _, do := range []string{"leave", "leave-corner", "sign-out", "sure", exam.ActCancel, exam.ActFinish, exam.ActStopCuff, exam.ActStopCount, exam.ActSkip, "back"} {
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
			buttons = append(buttons, Button{Do: "status"})
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
		"past", "slip", "lessons", "status", "corner", "corner-workers", "corner-new", "corner-given",
	} {
		if seen[id] == 0 {
			t.Errorf("no walk came to %s: %v", id, seen)
		}
	}
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
