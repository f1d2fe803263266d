package firmware

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/visits"
	"nabz/hwtest/stage"
)

// finished is a kiosk on which worker 7 has just finished a visit with three typed numbers, and that visit.
func finished(t *testing.T) (*bench, *stage.Page, string) {
	t.Helper()
	b := liveKiosk(t)
	s := stage.NewPage(screen.Handler(backend{b.k}, slog.New(slog.DiscardHandler)), t.Fatal)
	s.SignIn("7", "6174")
	s.ByHand("123")
	s.Touch("finish")
	past, err := backend{b.k}.Past()
	if err != nil || len(past) != 1 || past[0].Reached != 1 || past[0].Operator != "w-7" {
		t.Fatalf("the day: %+v, %v", past, err)
	}
	return b, s, past[0].ID
}

// What is over stands in the day's list with its receipts; a number that was typed can be corrected and all of it withdrawn, each once, and it reaches the
// queue. A patient of an earlier visit is known by number.
func TestAfterTheVisit(t *testing.T) {
	b, s, id := finished(t)
	s.Touch("back", "today", "visit "+id, "slip")
	if !s.Has("122/78 mmHg (by hand)") || !s.Has("<path") {
		t.Error("the slip has no row or no code")
	}
	s.Touch("back", "correct", "kind blood-pressure")
	s.Digits("132")
	s.Touch("next")
	s.Digits("78")
	s.Touch("next", "next")
	all := entries(t, b.k)
	fixed := all[len(all)-1].Reading
	if fixed == nil || fixed.Measurement.(vitals.BloodPressure).Systolic != vitals.Some(vitals.MmHg(132)) || fixed.Supersedes != all[0].Reading.ID || fixed.Operator != "w-7" {
		t.Fatalf("corrected: %+v", fixed)
	}
	s.Touch("wrong", "sure")
	if got := entries(t, b.k); len(got) != 8 || got[7].Retraction == nil {
		t.Errorf("%d entries after the correction and four withdrawals", len(got))
	}
	if !s.Has("data-screen=\"past\"") || s.Has(`value="wrong"`) {
		t.Error("what is withdrawn can be withdrawn again")
	}
	if p, known, err := (backend{b.k}).Find(reading.PatientRef{Type: reading.MedicalRecord, Value: "123"}); err != nil || !known || p.Sex != reading.Female {
		t.Errorf("looked up: %+v, %v, %v", p, known, err)
	}
	if ids, err := b.k.visits.Unput(); err != nil || len(ids) > 0 {
		t.Errorf("the queue has everything, and still marked: %q, %v", ids, err)
	}
}

// A crash between the state of a visit that is over and the queue is made good at the next start: of a visit that was withdrawn afterwards, and of one
// that the worker ended by "wrong patient".
func TestCrashBetweenTheEndAndTheQueue(t *testing.T) {
	crash := func(b *bench, visit *exam.Visit, what exam.What, keep func(id string, saved []byte, begun ...visits.Begun) error) {
		t.Helper()
		before := len(entries(t, b.k))
		effects := visit.Step(exam.Event{At: b.k.clock.Now(), ID: newID(), What: what})
		saved, err := visit.Save()
		if err == nil {
			err = keep(visit.View().ID, saved, begun(effects, nil)...)
		}
		if err != nil {
			t.Fatal(err)
		}
		b.end()
		b.start()
		retracted := 0
		for _, e := range entries(t, b.k)[before:] {
			if e.Retraction != nil {
				retracted++
			}
		}
		if want := retractions(effects); retracted != want || want == 0 {
			t.Errorf("%T: %d of %d retractions reached the queue", what, retracted, want)
		}
		if ids, err := b.k.visits.Unput(); len(ids) > 0 || err != nil {
			t.Errorf("%T: still to be mended: %q, %v", what, ids, err)
		}
	}
	b, _, id := finished(t)
	visit, err := b.k.desk.over(id)
	if err != nil {
		t.Fatal(err)
	}
	crash(b, visit, exam.Withdraw{Operator: "w-8"}, b.k.visits.Amend)

	b = liveKiosk(t)
	s := stage.NewPage(screen.Handler(backend{b.k}, slog.New(slog.DiscardHandler)), t.Fatal)
	s.SignIn("7", "6174")
	s.ByHand("123")
	saved, err := b.k.visits.Current()
	if err != nil {
		t.Fatal(err)
	}
	if visit, err = exam.Resume(saved); err != nil {
		t.Fatal(err)
	}
	crash(b, visit, exam.WrongPatient{}, func(id string, saved []byte, begun ...visits.Begun) error {
		return b.k.visits.KeepVisit(id, saved, false, begun...)
	})
}

// retractions is how many retractions an event brought about.
func retractions(effects []exam.Effect) (n int) {
	for _, e := range effects {
		if _, ok := e.(exam.Retract); ok {
			n++
		}
	}
	return n
}

// A visit that is marked and was forgotten since does not keep the kiosk from starting.
func TestMarkOfAForgottenVisit(t *testing.T) {
	b := liveKiosk(t)
	if err := errors.Join(b.k.visits.KeepVisit("gone", []byte("x"), false), b.k.visits.Trim(0)); err != nil {
		t.Fatal(err)
	}
	b.end()
	b.start()
	if ids, err := b.k.visits.Unput(); len(ids) > 0 || err != nil {
		t.Errorf("%q, %v", ids, err)
	}
}

// Everything that a worker did stands in the audit and in what a technician takes along, and neither has the patient or a number.
func TestAuditAndExport(t *testing.T) {
	b := liveKiosk(t)
	s := stage.NewPage(screen.Handler(backend{b.k}, slog.New(slog.DiscardHandler)), t.Fatal)
	s.Touch("start", "number 7")
	s.Digits("9999")
	s.Touch("next")
	s.Touch("back", "back")
	s.SignIn("7", "6174")
	s.ByHand("123")
	s.Touch("finish", "back", "sign-out")
	where, err := backend{b.k}.Export()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(where)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{`"123"`, "122", "368", "6174", "9999"} {
		if strings.Contains(strings.ReplaceAll(string(raw), where, ""), `: `+secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
	acts, err := backend{b.k}.acts()
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, e := range acts {
		ok := ""
		if !e.OK {
			ok = "!"
		}
		did = append(did, ok+string(e.Did))
	}
	want := "started !sign-in sign-in visit by-hand by-hand by-hand visit-ended sign-out"
	if got := strings.Join(did, " "); got != want {
		t.Errorf("the audit has %q, want %q", got, want)
	}
	if acts[3].Who != "w-7" || acts[3].Did != audit.Open {
		t.Errorf("who opened the visit: %+v", acts[3])
	}
}

// TestWhenAClockWasNeverSet: what came about in a boot whose clock was never set has no time on the screen; the present one is not a guess at it.
func TestWhenAClockWasNeverSet(t *testing.T) {
	c, err := clock.Open(filepath.Join(t.TempDir(), "clock.json"))
	if err != nil {
		t.Fatal(err)
	}
	b := backend{&Kiosk{clock: c, cfg: config.Config{Zone: time.UTC}}}
	for _, s := range []clock.Stamp{{}, {Boot: "old", SinceBoot: time.Minute, Wall: time.Unix(60, 0), Source: clock.None}} {
		if got := b.known(s); !got.IsZero() {
			t.Errorf("%+v was at %s", s, got)
		}
	}
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	if got := b.known(clock.Stamp{Boot: "old", Wall: noon, Source: clock.NTP}); !got.Equal(noon) {
		t.Errorf("a clock that was set: %s", got)
	}
}
