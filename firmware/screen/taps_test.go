package screen

import (
	"errors"
	"log/slog"
	"regexp"
	"testing"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen/guide"
)

// signedIn is a front at which worker 7 stands.
func signedIn(t *testing.T, k *kiosk) *front {
	t.Helper()
	f := newFront(k, slog.New(slog.DiscardHandler))
	pin, err := k.Workers().New("7")
	if err := errors.Join(err, k.Workers().ChoosePIN("7", "6174")); err != nil || pin == "" {
		t.Fatal(err)
	}
	for _, tap := range []guide.Tap{
		{Do: "start"},
		{Do: "number", Value: "7"},
		{Do: "digit", Value: "6174"},
		{Do: "next"},
	} {
		if err := f.tap(t.Context(), f.session.Rev, "", tap); err != nil {
			t.Fatal(err)
		}
	}
	if f.session.Worker != "7" {
		t.Fatalf("not signed in: %+v", f.session)
	}
	return f
}

// A touch that comes twice counts once, whether its page is an old one or the browser sent it again.
func TestDoubleTouches(t *testing.T) {
	f := signedIn(t, &kiosk{})
	rev := f.session.Rev
	for range 2 {
		if err := f.tap(t.Context(), rev, "a", guide.Tap{Do: "start"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"b", "b", "c"} {
		if err := f.tap(t.Context(), f.session.Rev, key, guide.Tap{Do: "digit", Value: "5"}); err != nil {
			t.Fatal(err)
		}
	}
	if f.session.Place != guide.Identify || f.session.Typed != "55" {
		t.Errorf("after double touches: %s, typed %q", f.session.Place, f.session.Typed)
	}
}

// Wrong PINs are said, then locked out, and stand in the audit without what was typed.
func TestWrongPINs(t *testing.T) {
	k := &kiosk{}
	f := newFront(k, slog.New(slog.DiscardHandler))
	if _, err := k.Workers().New("7"); err != nil {
		t.Fatal(err)
	}
	touch := func(do, value string) {
		t.Helper()
		if err := f.tap(t.Context(), f.session.Rev, "", guide.Tap{Do: do, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	touch("start", "")
	touch("number", "7")
	for n, want := range []string{"pin.wrong", "pin.wrong", "pin.wait", "pin.wait"} {
		touch("digit", "0000")
		touch("next", "")
		if f.session.Why != want || f.session.Worker != "" {
			t.Errorf("try %d: %q, want %q", n+1, f.session.Why, want)
		}
	}
	touch("back", "")
	touch("digit", "6174") // a PIN where the number belongs
	touch("next", "")
	touch("digit", "0000")
	touch("next", "")
	for i, e := range k.acts {
		want := audit.Entry{Who: "w-7", Did: audit.SignIn}
		if i == 4 {
			want.Who = "unknown"
		}
		if e != want {
			t.Errorf("act %d: %+v, want %+v", i, e, want)
		}
	}
	if len(k.acts) != 5 {
		t.Errorf("%d acts", len(k.acts))
	}
}

// A touch within a lesson goes to the lesson, and one on the page of before to nobody.
func TestLessonStandsInFront(t *testing.T) {
	k := &kiosk{live: true}
	f := signedIn(t, k)
	touch := func(do, value string) {
		t.Helper()
		if err := f.tap(t.Context(), f.inFront().session.Rev, "", guide.Tap{Do: do, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	touch("practice", "")
	before := f.session.Rev
	touch("lesson", "normal")
	s, err := f.now()
	if err != nil || s.session.Lesson != "normal" || s.session.Worker != "7" {
		t.Fatalf("in front: %+v, %v", s.session, err)
	}
	if err := f.tap(t.Context(), before, "", guide.Tap{Do: "start"}); err != nil || f.inFront().session.Place != guide.Home {
		t.Errorf("a touch on the page of before: %s, %v", f.inFront().session.Place, err)
	}
	touch("leave", "")
	if s, err := f.now(); err != nil || s.session.Lesson != "" || s.session.Place != guide.Home {
		t.Errorf("after the lesson: %+v, %v", s.session, err)
	}
}

var blank = regexp.MustCompile(`class="(i-[^"]*)"[^>]*></svg>`)

// No button has a picture that nobody has drawn.
func TestEveryPictureIsDrawn(t *testing.T) {
	for _, s := range gallery() {
		html, err := s.render(true)
		if err != nil {
			t.Fatal(err)
		}
		if m := blank.FindStringSubmatch(string(html)); m != nil {
			t.Errorf("%s: %s is not drawn", s.name, m[1])
		}
	}
}

func TestQuickCheck(t *testing.T) {
	all := map[string]bool{}
	for _, c := range checks(State{Link: Link{Broker: true}, Queue: Queue{Full: 0.9}, Clock: Clock{Source: string(clock.None)}}) {
		all[c.Label] = c.OK
	}
	for label, want := range map[string]bool{"check.link": true, "check.record": false, "check.room": false, "check.parked": true, "check.clock": false} {
		if got, ok := all[label]; !ok || got != want {
			t.Errorf("%s: %v, want %v", label, got, want)
		}
	}
}

// A number that is not there is two dashes on the slip, never a zero.
func TestSlipInventsNothing(t *testing.T) {
	p := Past{Patient: reading.PatientRef{Value: "1"}, Operator: "w-7", View: exam.View{Readings: []exam.Shown{
		{Kind: "blood-pressure", BP: &vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(84))}},
		{Kind: "oximetry", Oximetry: &vitals.Oximetry{Pulse: vitals.Some(vitals.PerMinute(61))}},
		{Kind: "temperature", Temperature: &vitals.Temperature{}},
		{Kind: "respiration", Respiration: &vitals.Respiration{}},
	}}}
	if want := "--; 1; BP 84/-- mmHg; SpO2 --, pulse 61 /min; T --; RR --; w-7"; row(p) != want {
		t.Errorf("%q, want %q", row(p), want)
	}
}
