package exam

import (
	"fmt"
	"slices"
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
		w := &walker{T: t, v: New(visitID, s), ids: map[string]bool{}, kinds: map[string]vitals.Kind{}, ended: -time.Hour}
		w.forget()
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			w.move()
			w.checkWayOut()
		}
	})
}

func (w *walker) move() {
	moves := []func(){
		w.worker, w.worker, w.worker, w.cuffResult, w.cuffResult, w.fingers, w.fingers, w.probes, w.probes, w.pause, w.pause, w.devices, w.restart,
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
	at := clock.Stamp{Boot: fmt.Sprint("boot-", w.boot), SinceBoot: w.up, Wall: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(w.ever)}
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
	if r.Taken != e.At || r.Visit != visitID || r.Operator == "" || r.Patient.Value == "" {
		w.Fatalf("incomplete reading %+v", r)
	}
	if a.Urgent != w.v.Urgent(r.ID) {
		w.Fatal("the urgency was forgotten")
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

func (w *walker) worker() {
	kinds := []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature, vitals.KindNone}
	odd := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(w.T, name)*2 + 1 }
	acts := []func() What{
		func() What { return Identify{Patient: patient, Operator: "w-7"} },
		func() What { return StartCuff{} },
		func() What { return StartCuff{} },
		func() What { return StartCuff{} },
		func() What { return StopCuff{} },
		func() What { return Next{} },
		func() What { return Next{} },
		func() What { return Finish{} },
		func() What { return Skip{rapid.SampledFrom(append(SkipReasons(), "", "x")).Draw(w.T, "reason")} },
		func() What { return Retake{rapid.SampledFrom(kinds).Draw(w.T, "kind")} },
		func() What { return ByHand{pressure(odd("sys", 10, 170), odd("dia", 5, 90), odd("pulse", 5, 150))} },
		func() What { return ByHand{vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(odd("spo2", 10, 55)))}} },
		func() What { return ByHand{vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_801))}} },
		func() What { return WrongPatient{} },
		func() What { return Cancel{} },
	}
	most := len(acts) - 1
	if rapid.IntRange(0, 9).Draw(w.T, "end") > 0 {
		most -= 2 // visits that end early teach little
	}
	w.do(acts[rapid.IntRange(0, most).Draw(w.T, "act")]())
}

// dirt is a condition under which the device does not stand behind its number.
func (w *walker) dirt() vitals.Flags {
	return rapid.SampledFrom([]vitals.Flags{
		vitals.Artifact, vitals.NoFinger, vitals.Searching, vitals.Stale, vitals.CuffLeak, vitals.CuffLoose, vitals.NotReady,
		vitals.NotSettled, vitals.ContactLost, vitals.Implausible, vitals.Hardware | vitals.BatteryLow, vitals.OutOfRange, vitals.Aborted,
	}).Draw(w.T, "flags")
}

func (w *walker) cuffResult() {
	sys, dia, pulse := 2*rapid.IntRange(15, 160).Draw(w.T, "sys"), 2*rapid.IntRange(8, 105).Draw(w.T, "dia"), 2*rapid.IntRange(8, 90).Draw(w.T, "pulse")
	a := cuffSays(pressure(sys, dia, pulse), 0, "")
	switch rapid.IntRange(0, 6).Draw(w.T, "dirty") {
	case 0:
		a = cuffSays(pressure(sys+1, dia+1, pulse+1), w.dirt(), "")
		if a.Sample.Flags == vitals.Implausible {
			a = cuffSays(pressure(121, 81, 71), vitals.Implausible, "")
		}
	case 1:
		a = cuffSays(pressure(sys+1, dia+1, pulse+1), 0, "M09")
	case 2:
		a = cuffSays(vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(121))}, 0, "")
	case 3:
		a = cuffSays(pressure(0, 0, 255), 0, "")
	default:
		if w.measuring {
			w.carry(vitals.KindBloodPressure, sys, dia, pulse)
		}
	}
	w.pass(time.Duration(rapid.IntRange(0, 60).Draw(w.T, "takes")) * time.Second)
	w.result(a)
}

func (w *walker) result(what What) {
	if w.measuring {
		w.deflated()
	}
	w.do(what)
}

func (w *walker) carry(k vitals.Kind, numbers ...int) {
	for _, n := range numbers {
		w.carried[k][n] = true
	}
}

// fingers streams up to 70 s of oximetry, ten samples a second, with a disturbance somewhere or none.
func (w *walker) fingers() {
	spo2 := rapid.SampledFrom([]int{44, 84, 90, 96, 98}).Draw(w.T, "spo2")
	pulse, pi := 2*rapid.IntRange(20, 80).Draw(w.T, "pulse"), rapid.SampledFrom([]int{0, 4, 20, 400}).Draw(w.T, "pi")
	wobble := rapid.SampledFrom([]int{0, 0, 2, 6, 30}).Draw(w.T, "wobble")
	every := rapid.SampledFrom([]int{0, 0, 0, 5, 50}).Draw(w.T, "disturbed every")
	for i := range 10 * rapid.IntRange(1, 70).Draw(w.T, "seconds") {
		w.pass(100 * time.Millisecond)
		f := finger{spo2: spo2, pulse: pulse + wobble*(i/10%2), pi: pi}
		if every > 0 && i%every == every-1 {
			w.do(w.disturbed(f).arrives())
			continue
		}
		w.carry(vitals.KindOximetry, f.spo2, f.pulse, f.pi)
		w.do(f.arrives())
	}
}

func (w *walker) disturbed(f finger) finger {
	switch rapid.IntRange(0, 2).Draw(w.T, "disturbance") {
	case 0:
		return finger{spo2: 127, pulse: 255}
	case 1:
		return finger{spo2: 127, pulse: 511, pi: f.pi}
	}
	return finger{spo2: 97, pulse: f.pulse + 1, pi: 401, flags: w.dirt()}
}

func (w *walker) probes() {
	value := 2 * rapid.IntRange(14_000, 22_000).Draw(w.T, "temperature")
	for range rapid.IntRange(1, 4).Draw(w.T, "frames") {
		w.pass(173 * time.Millisecond)
		switch rapid.IntRange(0, 4).Draw(w.T, "state") {
		case 0:
			w.do(ready)
		case 1:
			w.do(predict)
		case 2:
			w.do(probe(36_801, vitals.Predicted, vitals.Oral, w.dirt(), "final"))
		case 3:
			w.do(probe(36_801, vitals.Surface, vitals.Forehead, 0, ""))
		case 4:
			w.carry(vitals.KindTemperature, value)
			w.do(final(value))
		}
	}
}

func (w *walker) pause() {
	w.pass(time.Duration(rapid.SampledFrom([]int{1, 2, 30, 59, 60, 61, 180, 300, 600}).Draw(w.T, "pause")) * time.Second)
	w.do(Tick{})
	if !w.v.m.Measuring {
		w.measuring = false
	}
}

func (w *walker) devices() {
	switch rapid.IntRange(0, 4).Draw(w.T, "device") {
	case 0:
		w.result(CuffFailed{})
	case 1:
		w.do(DeviceLost{vitals.KindOximetry})
	case 2:
		w.do(DeviceLost{vitals.KindTemperature})
	case 3:
		w.result(DeviceLost{vitals.KindBloodPressure})
	case 4:
		w.do(Arrived{Sample: vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(vitals.MmHg(121))}})
	}
}

// restart takes the program down, and sometimes the power with it. A cuff that was measuring deflates when the program is back.
func (w *walker) restart() {
	before := w.v.View()
	raw, err := w.v.Save()
	if err != nil {
		w.Fatal(err)
	}
	if w.v, err = Resume(raw); err != nil {
		w.Fatal(err)
	}
	after := w.v.View()
	if before.Step != after.Step || len(before.Readings) != len(after.Readings) {
		w.Fatalf("step %s with %d readings came back as %s with %d", before.Step, len(before.Readings), after.Step, len(after.Readings))
	}
	w.pass(time.Duration(rapid.IntRange(0, 100).Draw(w.T, "down")) * time.Second)
	if rapid.Bool().Draw(w.T, "power cut") {
		w.boot, w.up = w.boot+1, 20*time.Second
	}
	if w.measuring {
		w.deflated()
	}
	w.forget()
	w.do(Tick{})
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
		if w.v.m.Measuring && (act == ActStopCuff || act == ActByHand) {
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
	}
	return ByHand{map[Step]vitals.Measurement{
		StepBP: pressure(121, 81, 71), StepOximetry: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))},
		StepTemperature: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_801))},
	}[view.Step]}
}
