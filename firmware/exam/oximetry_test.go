package exam

import (
	"strings"
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// finger is what the oximeter says while the finger is in; its zero members are missing.
type finger struct {
	spo2, pulse, pi int
	signal          uint8
	flags           vitals.Flags
}

func (f finger) arrives() Arrived {
	o := vitals.Oximetry{Pleth: vitals.Some(vitals.Pleth(60))}
	if f.spo2 != 0 {
		o.SpO2 = vitals.Some(vitals.Percent(f.spo2))
	}
	if f.pulse != 0 {
		o.Pulse = vitals.Some(vitals.PerMinute(f.pulse))
	}
	if f.pi != 0 {
		o.PI = vitals.Some(vitals.CentiPercent(f.pi))
	}
	if f.signal != 0 {
		o.Signal = vitals.Some(f.signal)
	}
	return Arrived{Sample: vitals.Sample{Kind: vitals.KindOximetry, Oximetry: o, Flags: f.flags}, Device: oximeter}
}

const rate = 20 * time.Millisecond

// stream sends samples for the given time, fifty a second.
func (b *bench) stream(d time.Duration, f func(since time.Duration) finger) {
	for t := time.Duration(0); t < d; t += rate {
		b.do(f(t).arrives())
		b.now += rate
	}
}

func (b *bench) steady(d time.Duration, f finger) {
	b.stream(d, func(time.Duration) finger { return f })
}

var good = finger{spo2: 97, pulse: 72, pi: 420}

func TestSteadyWindow(t *testing.T) {
	b := at(t, StepOximetry)
	b.prompt(PromptFingerIn)
	b.steady(16*time.Second, good)
	b.prompt(PromptHoldStill)
	b.accepts(0)
	if left := b.v.View().Countdown; left != rate {
		t.Errorf("countdown %s before the last sample, want %s", left, rate)
	}
	b.do(good.arrives())
	b.accepts(1)
	r := b.newest().Reading
	want := vitals.Oximetry{
		SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(72)), PI: vitals.Some(vitals.CentiPercent(420)),
	}
	same(t, "measurement", want, r.Measurement)
	if r.Window != 10*time.Second || r.Taken != b.stamp() || r.Questionable != "" || r.Device != oximeter || r.BodySite != "" {
		t.Errorf("got %+v", r)
	}
	b.prompt(PromptOximetryDone)
	b.quiet(good.arrives())
	b.do(Next{})
	b.step(StepTemperature)
}

func TestWhatBreaksTheWindow(t *testing.T) {
	cases := map[string]func(b *bench){
		"finger out":        func(b *bench) { b.do(finger{97, 72, 420, 0, vitals.NoFinger}.arrives()) },
		"sensor off":        func(b *bench) { b.do(finger{97, 72, 420, 0, vitals.SensorOff}.arrives()) },
		"artifact":          func(b *bench) { b.do(finger{97, 72, 420, 0, vitals.Artifact}.arrives()) },
		"searching":         func(b *bench) { b.do(finger{97, 72, 420, 0, vitals.Searching}.arrives()) },
		"stale":             func(b *bench) { b.do(finger{97, 72, 420, 0, vitals.Stale}.arrives()) },
		"no SpO2":           func(b *bench) { b.do(finger{0, 72, 420, 0, 0}.arrives()) },
		"no pulse":          func(b *bench) { b.do(finger{97, 0, 420, 0, 0}.arrives()) },
		"SpO2 sentinel":     func(b *bench) { b.do(finger{127, 72, 420, 0, 0}.arrives()) },
		"pulse sentinel":    func(b *bench) { b.do(finger{97, 255, 420, 0, 0}.arrives()) },
		"Nonin's sentinel":  func(b *bench) { b.do(finger{97, 511, 420, 0, 0}.arrives()) },
		"SpO2 three apart":  func(b *bench) { b.do(finger{94, 72, 420, 0, 0}.arrives()) },
		"pulse seven apart": func(b *bench) { b.do(finger{97, 79, 420, 0, 0}.arrives()) },
		"weak":              func(b *bench) { b.do(finger{97, 72, 39, 0, 0}.arrives()) },
		"no signal":         func(b *bench) { b.do(finger{97, 72, 9, 0, 0}.arrives()) },
		"silence":           func(b *bench) { b.now += 1600 * time.Millisecond },
		"device lost":       func(b *bench) { b.do(DeviceLost{vitals.KindOximetry}) },
		"restart":           func(b *bench) { b.restart() },
		"another device":    func(b *bench) { a := good.arrives(); a.Device.Serial = "2"; b.do(a) },
		"ticks in silence":  func(b *bench) { b.wait(2 * time.Second) },
	}
	for name, disturb := range cases {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepOximetry)
			b.steady(15*time.Second, good)
			disturb(b)
			b.steady(9900*time.Millisecond, good)
			b.accepts(0)
			b.steady(7*time.Second, good)
			b.accepts(1)
			if r := b.newest().Reading; r.Window < 10*time.Second || r.Window > 11*time.Second {
				t.Errorf("window %s, want 10 s", r.Window)
			}
			same(t, "SpO2", vitals.Some(vitals.Percent(97)), b.newest().Reading.Measurement.(vitals.Oximetry).SpO2)
		})
	}
}

func TestWhatDoesNotBreakTheWindow(t *testing.T) {
	cases := map[string]func(since time.Duration) finger{
		"SpO2 two apart":       func(s time.Duration) finger { return finger{97 - int(s/time.Second)%3, 72, 420, 0, 0} },
		"pulse six apart":      func(s time.Duration) finger { return finger{97, 72 + int(s/time.Second)%7, 420, 0, 0} },
		"battery low":          func(time.Duration) finger { return finger{97, 72, 420, 0, vitals.BatteryLow} },
		"index 0.40":           func(time.Duration) finger { return finger{97, 72, 40, 0, 0} },
		"signal, no index":     func(time.Duration) finger { return finger{97, 72, 0, 5, 0} },
		"neither":              func(time.Duration) finger { return finger{97, 72, 0, 0, 0} },
		"every sample differs": func(s time.Duration) finger { return finger{96 + int(s/rate)%2, 72, 420 + int(s/rate), 0, 0} },
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepOximetry)
			b.stream(16100*time.Millisecond, f)
			b.accepts(1)
			if r := b.newest().Reading; r.Questionable != "" {
				t.Errorf("questionable: %s", r.Questionable)
			}
		})
	}
}

// The window begins as early as its range allows, not at the sample that left the range of an older one.
func TestWindowSlidesOverADrift(t *testing.T) {
	b := at(t, StepOximetry)
	b.stream(6*time.Second+4*time.Second, func(time.Duration) finger { return finger{99, 72, 420, 0, 0} })
	b.stream(5*time.Second, func(time.Duration) finger { return finger{97, 72, 420, 0, 0} })
	b.stream(5*time.Second, func(time.Duration) finger { return finger{96, 72, 420, 0, 0} })
	b.accepts(0)
	b.do(finger{95, 72, 420, 0, 0}.arrives())
	b.accepts(1)
	same(t, "SpO2", vitals.Some(vitals.Percent(96)), b.newest().Reading.Measurement.(vitals.Oximetry).SpO2)
}

func TestAtSixtySeconds(t *testing.T) {
	wobble := func(f finger) func(time.Duration) finger {
		return func(s time.Duration) finger {
			f.pulse = 60 + 25*(int(s/time.Second)%2)
			return f
		}
	}
	restless := func(s time.Duration) finger {
		odd := int(s/time.Second) % 2
		return finger{90 + 4*odd, 60 + 25*odd, 420, 0, 0}
	}
	always := func(f finger) func(time.Duration) finger { return func(time.Duration) finger { return f } }
	cases := map[string]struct {
		f                  func(time.Duration) finger
		spo2, pulse        bool
		questionable, note string
		prompt             string
	}{
		"steady but weak":           {always(finger{97, 72, 15, 0, 0}), true, true, "weak signal", "", PromptOximetryDone},
		"weak by its strength":      {always(finger{97, 72, 0, 1, 0}), true, true, "weak signal", "", PromptOximetryDone},
		"weak by its flag":          {always(finger{97, 72, 0, 0, vitals.LowPerfusion}), true, true, "weak signal", "", PromptOximetryDone},
		"irregular pulse":           {wobble(finger{97, 0, 420, 0, 0}), true, true, "irregular pulse", "", PromptOximetryDone},
		"weak and irregular":        {wobble(finger{97, 0, 20, 0, 0}), true, true, "weak signal", "", PromptOximetryDone},
		"no pulse":                  {always(finger{97, 0, 420, 0, 0}), true, false, "", "no steady pulse", PromptOximetryDone},
		"no SpO2":                   {always(finger{0, 72, 420, 0, 0}), false, true, "", "no steady SpO2", PromptOximetryDone},
		"index under 0.1":           {always(finger{97, 72, 9, 0, 0}), false, false, "", "", RetryWeakSignal},
		"index over 20":             {always(finger{97, 72, 2001, 0, 0}), false, false, "", "", RetryWeakSignal},
		"artifact":                  {always(finger{97, 72, 420, 0, vitals.Artifact}), false, false, "", "", RetryHoldStill},
		"neither steady":            {restless, false, false, "", "", RetryHoldStill},
		"implausible within limits": {always(finger{97, 72, 420, 0, vitals.Implausible}), false, false, "", "", RetryHoldStill},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepOximetry)
			b.stream(60*time.Second, c.f)
			b.accepts(0)
			b.stream(rate, func(time.Duration) finger { return c.f(59 * time.Second) })
			b.prompt(c.prompt)
			if !c.spo2 && !c.pulse {
				b.accepts(0)
				b.steady(16100*time.Millisecond, good)
				b.accepts(1)
				return
			}
			r := b.newest().Reading
			m := r.Measurement.(vitals.Oximetry)
			if m.SpO2.Known() != c.spo2 || m.Pulse.Known() != c.pulse {
				t.Errorf("SpO2 %v, pulse %v", m.SpO2, m.Pulse)
			}
			if !strings.HasPrefix(r.Questionable, c.questionable) || (c.questionable == "") != (r.Questionable == "") {
				t.Errorf("questionable %q, want %q", r.Questionable, c.questionable)
			}
			if !strings.HasPrefix(r.Note, c.note) || (c.note == "") != (r.Note == "") {
				t.Errorf("note %q, want %q", r.Note, c.note)
			}
		})
	}
}

func TestLowSaturationIsSafeAtOnceAndConfirmed(t *testing.T) {
	b := at(t, StepOximetry)
	low := finger{85, 72, 420, 0, 0}
	b.steady(16100*time.Millisecond, low)
	b.prompt(PromptConfirm)
	if a := b.newest(); !a.Urgent || a.Reading.Questionable == "" {
		t.Errorf("urgent %v, questionable %q", a.Urgent, a.Reading.Questionable)
	}
	b.steady(17*time.Second, low)
	b.accepts(2)
	if a := b.newest(); a.Reading.Questionable != "" || a.Reading.Supersedes != b.accepted[0].Reading.ID {
		t.Errorf("questionable %q, supersedes %q", a.Reading.Questionable, a.Reading.Supersedes)
	}
	b.prompt(PromptOximetryDone)
}

func TestNoSaturationThatCanBe(t *testing.T) {
	b := at(t, StepOximetry)
	b.steady(16100*time.Millisecond, finger{45, 72, 420, 0, vitals.Implausible})
	b.prompt(PromptNotBelieved)
	b.accepts(0)
	b.steady(17*time.Second, finger{44, 72, 420, 0, vitals.Implausible})
	b.accepts(1)
	if a := b.newest(); !a.Urgent || a.Reading.Absent != reading.AbsentError || !strings.Contains(a.Reading.Note, "44 %") {
		t.Errorf("got %+v", a)
	}
	b.prompt(PromptCheckPatient)
}

// What devices say for "no value" is no patient without a pulse.
func TestSentinelsAreNoNumbers(t *testing.T) {
	for name, f := range map[string]finger{
		"Contec": {127, 255, 420, 0, 0}, "Nonin": {127, 511, 0, 0, 0}, "zeros": {0, 0, 420, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepOximetry)
			b.steady(130*time.Second, f)
			b.accepts(0)
			b.prompt(RetryHoldStill)
		})
	}
}

func TestPulsesThatDisagree(t *testing.T) {
	for _, c := range []struct {
		cuff, finger int
		want         bool
	}{{72, 87, false}, {72, 88, true}, {88, 72, true}} {
		b := identified(t)
		b.measure(cuffSays(pressure(120, 80, c.cuff), 0, ""))
		b.do(Next{})
		b.steady(16100*time.Millisecond, finger{97, c.finger, 420, 0, 0})
		b.accepts(2)
		if got := b.newest().Reading.Questionable != ""; got != c.want {
			t.Errorf("cuff %d, oximeter %d: questionable %v, want %v", c.cuff, c.finger, got, c.want)
		}
		b.do(Retake{vitals.KindBloodPressure})
		b.measure(cuffSays(pressure(121, 80, c.cuff), 0, ""))
		if got := b.newest().Reading.Questionable != ""; got != c.want {
			t.Errorf("cuff %d after oximeter %d: questionable %v, want %v", c.cuff, c.finger, got, c.want)
		}
	}
}

func TestOximeterFlagsIrregularPulse(t *testing.T) {
	b := at(t, StepOximetry)
	b.steady(16100*time.Millisecond, finger{97, 72, 420, 0, vitals.IrregularPulse})
	if r := b.newest().Reading; r.Questionable != "irregular pulse" || !r.Flags.Has(vitals.IrregularPulse) {
		t.Errorf("questionable %q, flags %v", r.Questionable, r.Flags)
	}
}

func TestOximeterLostAndBack(t *testing.T) {
	b := at(t, StepOximetry)
	b.steady(time.Second, good)
	b.do(DeviceLost{vitals.KindOximetry})
	b.prompt(PromptDeviceLost)
	b.quiet(DeviceLost{vitals.KindOximetry})
	b.do(good.arrives())
	b.prompt(PromptHoldStill)
}
