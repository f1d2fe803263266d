package exam

import (
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
)

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
		func() What { return Observe{} },
		func() What { return StartCount{} },
		func() What { return Breath{} },
		func() What { return StopCount{} },
		func() What { return TakeOver{"w-8"} },
		func() What {
			return ByHand{vitals.Respiration{Rate: vitals.Some(vitals.PerMinute(odd("breaths", 0, 70)))}}
		},
		func() What { return ByHand{vitals.Condition{Consciousness: vitals.Voice, Breathing: vitals.Air}} },
		func() What { return Withdraw{"w-8"} },
		func() What { return Correct{vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(91))}, "w-8"} },
		func() What { return WrongPatient{} },
		func() What { return Cancel{} },
	}
	most := len(acts) - 1
	if rapid.IntRange(0, 9).Draw(w.T, "end") > 0 {
		most -= 2 // visits that end early teach little
	}
	w.do(acts[rapid.IntRange(0, most).Draw(w.T, "act")]())
}

// offered does what the screen offers first, or something else that it offers; seldom what ends the visit.
func (w *walker) offered() {
	view := w.v.View()
	n := len(view.Actions)
	if n == 0 {
		return
	}
	i := min(rapid.IntRange(0, 3).Draw(w.T, "offer"), n-1)
	if act := view.Actions[i]; act != ActCancel && act != ActWrongPatient && act != ActByHand && act != ActFinish {
		w.do(whatFor(act, view))
	}
}

// inflate waits for a gap and does what the impatient do.
func (w *walker) inflate() {
	if w.v.m.Step == StepPatient {
		w.do(Identify{Patient: patient, Operator: "w-7"})
	}
	w.pass(time.Duration(rapid.SampledFrom([]int{59, 60, 61}).Draw(w.T, "gap")) * time.Second)
	w.do(Tick{})
	w.do(StartCuff{})
	if rapid.IntRange(0, 9).Draw(w.T, "ends") > 0 {
		w.cuffResult()
	}
}

// dirt is a condition under which the device does not stand behind its number.
func (w *walker) dirt() vitals.Flags {
	return rapid.SampledFrom([]vitals.Flags{
		vitals.Artifact, vitals.NoFinger, vitals.Searching, vitals.Stale, vitals.CuffLeak, vitals.CuffLoose, vitals.NotReady,
		vitals.NotSettled, vitals.ContactLost, vitals.Implausible, vitals.Hardware | vitals.BatteryLow, vitals.OutOfRange, vitals.Aborted,
	}).Draw(w.T, "flags")
}

func (w *walker) cuffResult() {
	even := func(name string, lo, hi int) int { return 2 * rapid.IntRange(lo, hi).Draw(w.T, name) }
	sys, dia, pulse := even("sys", 15, 160), even("dia", 8, 105), even("pulse", 8, 90)
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
	every := rapid.SampledFrom([]int{0, 0, 0, 1, 5, 50}).Draw(w.T, "disturbed every")
	kind := rapid.IntRange(0, 2).Draw(w.T, "disturbance")
	var dirt vitals.Flags
	if every > 0 {
		dirt = w.dirt()
	}
	for i := range 10 * rapid.IntRange(1, 70).Draw(w.T, "seconds") {
		w.pass(100 * time.Millisecond)
		f := finger{spo2: spo2, pulse: pulse + wobble*(i/10%2), pi: pi}
		if every > 0 && i%every == every-1 {
			w.do(disturbed(f, kind, dirt).arrives())
			continue
		}
		w.carry(vitals.KindOximetry, f.spo2, f.pulse, f.pi)
		w.do(f.arrives())
		if !w.v.needs() {
			return
		}
	}
}

func disturbed(f finger, kind int, dirt vitals.Flags) finger {
	switch kind {
	case 0:
		return finger{spo2: 127, pulse: 255, pi: f.pi}
	case 1:
		return finger{spo2: 127, pulse: 511, pi: f.pi}
	}
	return finger{spo2: 97, pulse: f.pulse + 1, pi: 401, flags: dirt}
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
