package exam

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// walker does to a visit whatever can happen, in any order. Numbers say where they come from: what a device stands behind is even, what
// is flagged, stale, half received or a sentinel is odd (or zero). So an odd number in a device's reading was invented.
type walker struct {
	*rapid.T
	v    *Visit
	boot int
	up   time.Duration // since boot
	ever time.Duration // since ever, which the visit cannot know
	n    int

	ids       map[string]bool
	kinds     map[string]vitals.Kind // of accepted readings
	carried   map[vitals.Kind]map[int]bool
	step      Step
	starts    []time.Duration // true times of inflations
	ended     time.Duration
	measuring bool
}

func TestAnyWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Defaults()
		s.Readings = rapid.IntRange(1, 3).Draw(t, "readings")
		s.Rest = time.Minute
		if steps := rapid.Permutation(measuring[:]).Draw(t, "steps"); rapid.Bool().Draw(t, "own plan") {
			s.Steps = steps[:rapid.IntRange(1, len(steps)).Draw(t, "of them")]
		}
		w := &walker{T: t, v: New(visitID, s), ids: map[string]bool{}, kinds: map[string]vitals.Kind{}, ended: -time.Hour}
		w.forget()
		for range rapid.IntRange(1, 80).Draw(t, "moves") {
			w.move()
			w.checkWayOut()
		}
	})
}

func (w *walker) move() {
	moves := []func(){
		w.offered, w.offered, w.offered, w.worker, w.cuffResult, w.inflate, w.inflate, w.inflate, w.fingers, w.fingers, w.probes, w.probes,
		w.pause, w.devices, w.restart,
	}
	moves[rapid.IntRange(0, len(moves)-1).Draw(w.T, "move")]()
}

func (w *walker) forget() {
	w.carried = map[vitals.Kind]map[int]bool{}
	for _, s := range measuring {
		w.carried[s.kind()] = map[int]bool{}
	}
}

func (w *walker) pass(d time.Duration) { w.up, w.ever = w.up+d, w.ever+d }

func (w *walker) event(what What) Event {
	w.n++
	wall := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(w.ever)
	at := clock.Stamp{Boot: fmt.Sprint("boot-", w.boot), SinceBoot: w.up, Wall: wall}
	if at.Source = clock.None; w.boot%2 == 0 {
		at.Source = clock.NTP
	}
	return Event{At: at, ID: fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-%012d", w.n), What: what}
}

// do gives the visit an event and holds what comes of it to the promises.
func (w *walker) do(what What) {
	e := w.event(what)
	before := remembered(w.T, w.v)
	effects := w.v.Step(e)
	if after := remembered(w.T, w.v); before != after && count[Show](effects) != 1 {
		w.Fatalf("%T changed the visit without a Show", what)
	}
	for i, effect := range effects {
		switch f := effect.(type) {
		case Show:
			if i != 0 {
				w.Fatal("Show is not first")
			}
		case Measure:
			w.inflated(what)
		case Abort:
			w.deflated()
		case Accept:
			w.accepted(f, e)
		case Retract:
			w.fresh(f.ID)
		}
	}
	if step := w.v.View().Step; step != w.step {
		w.step = step
		w.forget()
	}
}

func remembered(t *rapid.T, v *Visit) string {
	m := v.m
	m.Now = clock.Stamp{}
	raw, err := (&Visit{m: m}).Save()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (w *walker) inflated(what What) {
	if _, pressed := what.(StartCuff); !pressed {
		w.Fatalf("%T inflated the cuff", what)
	}
	if gap := w.ever - w.ended; gap < time.Minute {
		w.Fatalf("inflated %s after the last inflation", gap)
	}
	if n := len(w.starts); n >= 4 && w.ever-w.starts[n-4] < 10*time.Minute {
		w.Fatal("five inflations in ten minutes")
	}
	w.starts, w.measuring = append(w.starts, w.ever), true
}

func (w *walker) deflated() { w.ended, w.measuring = w.ever, false }

func (w *walker) fresh(id string) {
	if w.ids[id] {
		w.Fatalf("id %s was given twice", id)
	}
	w.ids[id] = true
}

func (w *walker) accepted(a Accept, e Event) {
	r := a.Reading
	w.fresh(r.ID)
	kind := r.Measurement.Kind()
	w.kinds[r.ID] = kind
	if r.Supersedes != "" && w.kinds[r.Supersedes] != kind {
		w.Fatalf("a %s supersedes a %s", kind, w.kinds[r.Supersedes])
	}
	if r.Note == "corrected afterwards" {
		if r.Supersedes == "" || r.Method != reading.ByHand {
			w.Fatalf("a correction that replaces nothing: %+v", r)
		}
	} else if r.Taken != e.At {
		w.Fatalf("taken %v, at %v", r.Taken, e.At)
	}
	if r.Visit != visitID || r.Operator == "" || r.Patient.Value == "" {
		w.Fatalf("incomplete reading %+v", r)
	}
	if a.Urgent != w.v.Urgent(r.ID) {
		w.Fatal("the urgency was forgotten")
	}
	for _, sentinel := range []string{"127 %", "255 /min", "511 /min", "121 mmHg", "401"} {
		if strings.Contains(r.Note, sentinel) {
			w.Fatalf("a patient is declared unmeasurable by what no device stands behind: %s", r.Note)
		}
	}
	if _, coded := r.Measurement.(vitals.Condition); coded {
		return
	}
	numbers := w.numbers(r)
	if r.Absent != "" && len(numbers) > 0 || r.Absent == "" && len(numbers) == 0 {
		w.Fatalf("absent %q with numbers %v", r.Absent, numbers)
	}
	if r.Method == reading.ByHand || len(r.DerivedFrom) > 0 {
		return
	}
	for _, n := range numbers {
		if n%2 != 0 || !w.carried[kind][n] {
			w.Fatalf("%d of a %s was carried by no clean sample of this step: %+v", n, kind, r)
		}
	}
	if vitals.Judge(r.Measurement, vitals.Adult).Hard {
		w.Fatalf("accepted beyond the hard limits: %+v", r)
	}
}

// numbers lists what r says; of a mean it checks that it lies between its two.
func (w *walker) numbers(r reading.Reading) []int {
	var all []int
	switch m := r.Measurement.(type) {
	case vitals.BloodPressure:
		all = appendKnown(appendKnown(appendKnown(all, m.Systolic), m.Diastolic), m.Pulse)
	case vitals.Oximetry:
		all = appendKnown(appendKnown(appendKnown(all, m.SpO2), m.Pulse), m.PI)
	case vitals.Temperature:
		all = appendKnown(all, m.Value)
	case vitals.Respiration:
		all = appendKnown(all, m.Rate)
	}
	if len(r.DerivedFrom) == 0 {
		return all
	}
	var sys []int
	for _, t := range w.v.m.Taken {
		if slices.Contains(r.DerivedFrom, t.Reading.ID) {
			s, _ := t.Reading.Measurement.(vitals.BloodPressure).Systolic.Get()
			sys = append(sys, int(s))
		}
	}
	if len(sys) != 2 || all[0] != (sys[0]+sys[1]+1)/2 {
		w.Fatalf("mean %v of %v", all, sys)
	}
	return all
}

func appendKnown[T ~int](all []int, m vitals.Maybe[T]) []int {
	if n, ok := m.Get(); ok {
		all = append(all, int(n))
	}
	return all
}

// clone is the visit as a restart would find it, with the same time.
func (w *walker) clone() *Visit {
	raw, err := w.v.Save()
	if err != nil {
		w.Fatal(err)
	}
	v, err := Resume(raw)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

// checkWayOut: whatever happened, a few acts of the worker end the visit either way, and every act that is offered does something.
func (w *walker) checkWayOut() {
	view := w.v.View()
	if view.Step.ended() {
		return
	}
	for _, act := range view.Actions {
		v := w.clone()
		if w.v.m.Measuring && (act == ActStopCuff || act == ActByHand) || act == ActStopCount {
			continue // the clone measures no more
		}
		if len(v.Step(w.event(whatFor(act, view)))) == 0 {
			w.Fatalf("%s is offered at %s/%s and does nothing", act, view.Step, view.Prompt)
		}
	}
	v := w.clone()
	if v.Step(w.event(Cancel{})); v.View().Step != StepCancelled {
		w.Fatalf("no way to cancelled from %s", view.Step)
	}
	v = w.clone()
	for range 6 {
		for _, what := range []What{Identify{Patient: patient, Operator: "w-7"}, Skip{SkipOther}, Next{}, Finish{}} {
			if len(v.Step(w.event(what))) > 0 {
				break
			}
		}
	}
	if v.View().Step != StepDone {
		w.Fatalf("no way to done from %s: stuck at %s", view.Step, v.View().Step)
	}
}

// whatFor is an event for an act that a screen offers.
func whatFor(act string, view View) What {
	switch act {
	case ActIdentify:
		return Identify{Patient: patient, Operator: "w-7"}
	case ActStartCuff:
		return StartCuff{}
	case ActStopCuff:
		return StopCuff{}
	case ActNext:
		return Next{}
	case ActFinish:
		return Finish{}
	case ActSkip:
		return Skip{SkipOther}
	case ActRetake:
		for _, s := range measuring {
			if string(s) == view.Retakes[0] {
				return Retake{s.kind()}
			}
		}
	case ActWrongPatient:
		return WrongPatient{}
	case ActCancel:
		return Cancel{}
	case ActObserve:
		return Observe{}
	case ActStartCount:
		return StartCount{}
	case ActStopCount:
		return StopCount{}
	}
	return ByHand{map[Step]vitals.Measurement{
		StepBP: pressure(121, 81, 71), StepOximetry: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))},
		StepTemperature: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_801))},
		StepRespiration: vitals.Respiration{Rate: vitals.Some(vitals.PerMinute(15))},
	}[view.Step]}
}
