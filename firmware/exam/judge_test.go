package exam

import (
	"strings"
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

func TestBeyondTheHardLimitsTwice(t *testing.T) {
	b := identified(t)
	b.measure(cuffSays(pressure(310, 150, 70), vitals.Implausible, ""))
	b.prompt(PromptNotBelieved)
	b.accepts(0)
	b.measure(cuffSays(pressure(305, 150, 70), vitals.Implausible, ""))
	b.prompt(PromptCheckPatient)
	b.accepts(1)
	a := b.newest()
	if !a.Urgent || a.Reading.Absent != reading.AbsentError {
		t.Errorf("urgent %v, absent %q", a.Urgent, a.Reading.Absent)
	}
	same(t, "measurement", vitals.BloodPressure{}, a.Reading.Measurement)
	if !strings.Contains(a.Reading.Note, "305 mmHg") || !strings.Contains(a.Reading.Note, "call the doctor") {
		t.Errorf("note %q", a.Reading.Note)
	}
	b.do(Next{})
	b.accepts(1)
	b.step(StepOximetry)
}

func TestBeyondTheHardLimitsOnce(t *testing.T) {
	cases := map[string]struct{ first, second vitals.BloodPressure }{
		"then as usual":            {pressure(30, 15, 70), pressure(120, 80, 70)},
		"then another impossible":  {pressure(310, 150, 70), pressure(120, 10, 70)},
		"contradiction, then none": {pressure(120, 115, 70), pressure(120, 80, 70)},
		"the pulse, then none":     {pressure(120, 80, 10), pressure(120, 80, 70)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := identified(t)
			b.measure(cuffSays(c.first, 0, ""))
			b.prompt(PromptNotBelieved)
			b.measure(cuffSays(c.second, 0, ""))
			for _, a := range b.accepted {
				if a.Reading.Absent != "" {
					t.Errorf("declared unmeasurable")
				}
				same(t, "measurement", c.second, a.Reading.Measurement)
			}
		})
	}
}

func TestPulsePressureThatContradictsTwice(t *testing.T) {
	b := identified(t)
	b.measure(cuffSays(pressure(120, 121, 70), vitals.Implausible, ""))
	b.measure(cuffSays(pressure(118, 117, 70), vitals.Implausible, ""))
	if b.newest().Reading.Absent != reading.AbsentError {
		t.Error("not declared unmeasurable")
	}
}

func TestOutsideTheUsualRange(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{78, 50})
	b.prompt(PromptConfirm)
	if a := b.newest(); a.Reading.Questionable == "" || !a.Urgent {
		t.Errorf("questionable %q, urgent %v: want it safe, marked and urgent at once", a.Reading.Questionable, a.Urgent)
	}
	if b.can(ActNext) || !b.can(ActSkip) {
		t.Error("a repeat is to be asked for, with a way on")
	}
	b.pressures([2]int{77, 50})
	if r := b.accepted[1].Reading; r.Questionable != "" || r.Supersedes != "" {
		t.Errorf("the repeat is questionable %q, supersedes %q", r.Questionable, r.Supersedes)
	}
}

// A repeat that leaves another limit has confirmed nothing.
func TestAnotherLimitIsNotConfirmed(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{78, 50}, [2]int{210, 100})
	if b.accepted[1].Reading.Questionable == "" {
		t.Error("210 was taken for a confirmation of 78")
	}
}

// Asking has an end: at most one reading more than the site wants.
func TestNumbersThatLeaveLimitAfterLimit(t *testing.T) {
	s := Defaults()
	s.Readings = 1
	b := newBench(t, s)
	b.do(Identify{Patient: patient, Operator: "w-7"})
	b.pressures([2]int{78, 50}, [2]int{202, 100})
	if !b.can(ActNext) {
		t.Error("a third reading is asked for")
	}
}

func TestLimitsFollowTheAge(t *testing.T) {
	wall := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		birth string
		at    clock.Stamp
		want  vitals.Band
	}{
		"adult":                        {"1984-05-17", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Adult},
		"adult by year":                {"1984", clock.Stamp{Wall: wall, Source: clock.Clinic}, vitals.Adult},
		"no clock":                     {"1984", clock.Stamp{Wall: wall, Source: clock.None}, vitals.UnknownAge},
		"no birth":                     {"", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
		"not a date":                   {"long ago", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
		"the day before one year":      {"2025-11-23", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Infant},
		"one year":                     {"2025-11-22", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Child},
		"the day before thirteen":      {"2013-11-23", clock.Stamp{Wall: wall, Source: clock.RTC}, vitals.Child},
		"thirteen":                     {"2013-11-22", clock.Stamp{Wall: wall, Source: clock.RTC}, vitals.Adult},
		"child by month":               {"2019-02", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Child},
		"infant or child, by year":     {"2025", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
		"infant or child, by month":    {"2025-11", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
		"born this year":               {"2026", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Infant},
		"born this month":              {"2026-11", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.Infant},
		"born tomorrow: a wrong clock": {"2026-11-23", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
		"born next year":               {"2027", clock.Stamp{Wall: wall, Source: clock.NTP}, vitals.UnknownAge},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := band(reading.PatientRef{Birth: c.birth}, c.at); got != c.want {
				t.Errorf("band %d, want %d", got, c.want)
			}
		})
	}
}

func TestByHand(t *testing.T) {
	t.Run("blood pressure", func(t *testing.T) {
		b := identified(t)
		b.do(ByHand{pressure(185, 95, 70)})
		a := b.newest()
		if a.Reading.Method != reading.ByHand || a.Reading.Device != (reading.DeviceRef{}) || !a.Urgent || a.Reading.Questionable != "" {
			t.Errorf("got %+v", a)
		}
		b.quiet(ByHand{pressure(120, 80, 70)})
		b.quiet(StartCuff{})
		b.do(Next{})
		b.step(StepOximetry)
		b.accepts(1)
	})
	t.Run("oximetry", func(t *testing.T) {
		b := at(t, StepOximetry)
		b.do(ByHand{vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pleth: vitals.Some(vitals.Pleth(9)), Signal: vitals.Some(uint8(3))}})
		same(t, "measurement", vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))}, b.newest().Reading.Measurement)
	})
	t.Run("temperature", func(t *testing.T) {
		b := at(t, StepTemperature)
		b.do(ByHand{vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36800)), Site: vitals.Axillary, Mode: vitals.Direct}})
		b.accepts(1)
		b.do(Next{})
		b.step(StepReview)
	})
}

func TestByHandRefuses(t *testing.T) {
	warm := vitals.Some(vitals.MilliCelsius(36800))
	cases := map[string]struct {
		step Step
		m    vitals.Measurement
	}{
		"another kind":         {StepBP, vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97))}},
		"half a pressure":      {StepBP, vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(120))}},
		"nothing":              {StepOximetry, vitals.Oximetry{}},
		"no measurement":       {StepOximetry, nil},
		"skin":                 {StepTemperature, vitals.Temperature{Value: warm, Mode: vitals.Surface, Site: vitals.Forehead}},
		"no temperature":       {StepTemperature, vitals.Temperature{Site: vitals.Oral}},
		"in the review":        {StepReview, pressure(120, 80, 70)},
		"a saturation of zero": {StepOximetry, vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(0))}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { at(t, c.step).quiet(ByHand{c.m}) })
	}
	t.Run("while the cuff measures", func(t *testing.T) {
		b := identified(t)
		b.do(StartCuff{})
		b.quiet(ByHand{pressure(120, 80, 70)})
	})
}

// A typed number beyond the hard limits is a slip the first time and a call for help the second.
func TestByHandBeyondTheLimits(t *testing.T) {
	b := at(t, StepOximetry)
	low := ByHand{vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(40))}}
	b.do(low)
	b.prompt(PromptCheckNumber)
	b.accepts(0)
	b.do(low)
	if a := b.newest(); !a.Urgent || a.Reading.Absent != reading.AbsentError || a.Reading.Method != reading.ByHand {
		t.Errorf("got %+v", a)
	}
	b.prompt(PromptCheckPatient)
}
