package exam

import (
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

func TestRestComesBeforeTheFirstInflation(t *testing.T) {
	b := newBench(t, Defaults())
	b.do(Identify{Patient: patient, Operator: "w-7"})
	b.prompt(PromptRest)
	b.wait(5*time.Minute - time.Second)
	b.quiet(StartCuff{})
	if left := b.v.View().Countdown; left != time.Second {
		t.Errorf("countdown %s, want 1s", left)
	}
	b.wait(time.Second)
	b.prompt(PromptReady)
	same(t, "effects", []Effect{Show{}, Measure{vitals.Inflation{First: 160, Who: vitals.Adult}}, Speak{PromptMeasuring}}, b.do(StartCuff{}))
	b.quiet(StartCuff{})
}

func TestReadingSaysWhatItIs(t *testing.T) {
	b := identified(t)
	b.measure(cuffSays(pressure(122, 78, 64), vitals.BatteryLow, "M00"))
	want := reading.Reading{
		ID: b.newest().Reading.ID, Visit: visitID, Patient: patient, Operator: "w-7", Device: cuff, Measurement: pressure(122, 78, 64),
		Flags: vitals.BatteryLow, Method: reading.ByDevice, BodySite: reading.LeftUpperArm, Taken: b.stamp(),
	}
	same(t, "reading", want, b.newest().Reading)
	if b.newest().Urgent {
		t.Error("urgent, want routine")
	}
}

func TestGapRunsFromTheEnd(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 95})
	b.prompt(PromptGap)
	b.wait(59 * time.Second)
	b.quiet(StartCuff{})
	b.wait(time.Second)
	b.prompt(PromptReady)
	b.do(StartCuff{})
	b.prompt(PromptMeasuring)
}

// A site's longer gap holds, and a gap under 60 s is refused outside practice even when nobody validated it.
func TestGapOfTheSite(t *testing.T) {
	for _, c := range []struct{ ask, want time.Duration }{{90 * time.Second, 90 * time.Second}, {time.Second, time.Minute}} {
		b := newBench(t, Settings{Rest: time.Minute, Gap: c.ask, Readings: 3})
		b.do(Identify{Patient: patient, Operator: "w-7"})
		b.pressures([2]int{150, 95})
		if got := b.v.View().Countdown; got != c.want {
			t.Errorf("asked for %s: countdown %s, want %s", c.ask, got, c.want)
		}
	}
}

func TestFourInflationsInTenMinutes(t *testing.T) {
	b := identified(t)
	first := b.now
	for range 4 {
		b.measure(cuffSays(vitals.BloodPressure{}, vitals.CuffLoose, "M06"))
	}
	b.prompt(RetryCuffLoose)
	b.wait(first + 10*time.Minute - b.now - 250*time.Millisecond)
	b.quiet(StartCuff{})
	b.wait(250 * time.Millisecond)
	if n := count[Measure](b.do(StartCuff{})); n != 1 {
		t.Errorf("%d inflations after ten minutes, want 1", n)
	}
}

func TestPracticeShortensRestAndGapTogetherWithTheLimit(t *testing.T) {
	b := newBench(t, Settings{Practice: true, Gap: time.Second, Readings: 3})
	b.do(Identify{Patient: patient, Operator: "w-7"})
	start := b.now
	for range 5 {
		b.do(StartCuff{})
		b.do(cuffSays(vitals.BloodPressure{}, vitals.CuffLeak, "M07"))
		for !b.can(ActStartCuff) {
			b.wait(250 * time.Millisecond)
		}
	}
	if took := b.now - start; took > 15*time.Second || took < 10*time.Second {
		t.Errorf("five inflations with a gap of 1 s took %s, want ten gaps and a little", took)
	}
	b.pressures([2]int{110, 70})
	if !b.newest().Reading.Practice {
		t.Error("the reading is not marked as practice")
	}
}

// Numbers beside an error are of an earlier patient (cross-device rule 5).
func TestCuffErrors(t *testing.T) {
	stale := pressure(120, 80, 70)
	half := vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(120))}
	cases := map[string]struct {
		m      vitals.BloodPressure
		flags  vitals.Flags
		status string
		want   string
	}{
		"loose":                           {stale, vitals.CuffLoose, "M06", RetryCuffLoose},
		"leak":                            {stale, vitals.CuffLeak, "M07", RetryCuffLeak},
		"blockage":                        {stale, vitals.Blockage, "M08", RetryCuffFault},
		"weak":                            {stale, vitals.WeakPulse | vitals.TimedOut, "M09", RetryWeakPulse},
		"range":                           {stale, vitals.OutOfRange, "M10", RetryOutOfRange},
		"motion":                          {stale, vitals.Artifact, "M11", RetryKeepStill},
		"overpressure":                    {stale, vitals.Overpressure, "M12", RetryCuffFault},
		"saturated":                       {stale, vitals.Saturated, "M13", RetryKeepStill},
		"hardware":                        {stale, vitals.Hardware, "M15", RetryCuffFault},
		"aborted":                         {stale, vitals.Aborted, "", RetryStopped},
		"stale":                           {stale, vitals.Stale, "", RetryNoResult},
		"an error code without a flag":    {stale, 0, "M14", RetryNoResult},
		"half a result":                   {half, 0, "", RetryNoResult},
		"zeros":                           {pressure(0, 0, 0), 0, "", RetryNoResult},
		"nothing":                         {vitals.BloodPressure{}, 0, "", RetryNoResult},
		"flagged beyond what is possible": {pressure(500, 80, 70), vitals.Implausible | vitals.Artifact, "", RetryKeepStill},
		"implausible within the limits":   {stale, vitals.Implausible, "", RetryOutOfRange},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := identified(t)
			b.measure(cuffSays(c.m, c.flags, c.status))
			b.prompt(c.want)
			b.accepts(0)
			if view := b.v.View(); !view.Flags.Has(c.flags) || view.Status != c.status || view.Countdown != time.Minute {
				t.Errorf("flags %v, status %q, countdown %s", view.Flags, view.Status, view.Countdown)
			}
			b.wait(2 * time.Minute)
			if b.v.m.Measuring {
				t.Error("inflated by itself")
			}
			b.pressures([2]int{120, 80})
			b.accepts(1)
		})
	}
}

func TestCuffThatSaysNothing(t *testing.T) {
	t.Run("failed", func(t *testing.T) {
		b := identified(t)
		b.do(StartCuff{})
		b.do(CuffFailed{})
		b.prompt(RetryNoResult)
		b.quiet(CuffFailed{})
		b.quiet(cuffSays(pressure(120, 80, 70), 0, "")) // of the run that failed
	})
	t.Run("lost", func(t *testing.T) {
		b := identified(t)
		b.do(StartCuff{})
		b.do(DeviceLost{vitals.KindBloodPressure})
		b.prompt(PromptDeviceLost)
		b.quiet(DeviceLost{vitals.KindBloodPressure})
	})
	t.Run("stopped", func(t *testing.T) {
		b := identified(t)
		b.quiet(StopCuff{})
		b.do(StartCuff{})
		if count[Abort](b.do(StopCuff{})) != 1 {
			t.Error("no abort")
		}
		b.prompt(RetryStopped)
	})
	t.Run("180 seconds", func(t *testing.T) {
		b := identified(t)
		b.do(StartCuff{})
		b.wait(180*time.Second - 250*time.Millisecond)
		b.prompt(PromptMeasuring)
		b.now += 250 * time.Millisecond
		if count[Abort](b.do(Tick{})) != 1 {
			t.Error("no abort")
		}
		b.prompt(RetryTimedOut)
	})
}

func TestCuffPressureIsShownWhileItMeasures(t *testing.T) {
	b := identified(t)
	feels := func(p int) Arrived {
		return Arrived{Sample: vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(vitals.MmHg(p))}, Device: cuff}
	}
	b.quiet(feels(80))
	if b.v.View().Cuff.Known() {
		t.Error("a pressure without a measurement")
	}
	b.do(StartCuff{})
	b.quiet(feels(140))
	if p, _ := b.v.View().Cuff.Get(); p != 140 {
		t.Errorf("cuff pressure %d, want 140", p)
	}
	b.do(cuffSays(pressure(120, 80, 70), 0, ""))
	if b.v.View().Cuff.Known() {
		t.Error("a pressure after the measurement")
	}
}

func TestIrregularPulseIsQuestionable(t *testing.T) {
	b := identified(t)
	b.measure(cuffSays(pressure(120, 80, 70), vitals.IrregularPulse, ""))
	if r := b.newest().Reading; r.Questionable == "" || !r.Flags.Has(vitals.IrregularPulse) {
		t.Errorf("questionable %q, flags %v", r.Questionable, r.Flags)
	}
}

func TestFirstPressure(t *testing.T) {
	cases := map[string]struct {
		birth    string
		readings [][2]int
		want     vitals.MmHg
	}{
		"adult":              {"1984", nil, 160},
		"unknown age":        {"", nil, 160},
		"child":              {"2020-01", nil, 120},
		"infant":             {"2026-06-01", nil, 120},
		"adult, after 140":   {"1984", [][2]int{{140, 90}}, 180},
		"adult, after 230":   {"1984", [][2]int{{230, 90}}, 240},
		"adult, after a low": {"1984", [][2]int{{70, 45}}, 140},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Defaults())
			p := patient
			p.Birth = c.birth
			b.do(Identify{Patient: p, Operator: "w-7"})
			b.pressures(c.readings...)
			b.wait(5 * time.Minute)
			for _, e := range b.do(StartCuff{}) {
				if m, ok := e.(Measure); ok && m.First != c.want {
					t.Errorf("starts at %v, want %v", m.First, c.want)
				}
			}
			b.prompt(PromptMeasuring)
		})
	}
}
