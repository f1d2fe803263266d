package exam

import (
	"slices"
	"testing"
	"time"

	"nabz/drivers/vitals"
)

func TestSeries(t *testing.T) {
	type two = [2]int
	type series = []two
	cases := map[string]struct {
		readings series
		settings int
		want     int // device readings wanted before the series is complete
		mean     [2]int
	}{
		"one below 130/85 is enough":            {series{{129, 84}}, 3, 1, two{}},
		"130 is not below":                      {series{{130, 80}, {131, 80}, {132, 81}}, 3, 3, two{132, 81}},
		"85 is not below":                       {series{{120, 85}, {120, 84}, {121, 84}}, 3, 3, two{121, 84}},
		"the site wants two":                    {series{{140, 90}, {142, 92}}, 2, 2, two{141, 91}},
		"the site wants one":                    {series{{150, 95}}, 1, 1, two{}},
		"ten apart is together":                 {series{{160, 90}, {150, 90}, {140, 90}}, 3, 3, two{145, 90}},
		"eleven apart asks for a fourth":        {series{{160, 90}, {151, 90}, {140, 90}, {142, 90}}, 3, 4, two{141, 90}},
		"diastolic eleven apart likewise":       {series{{140, 80}, {140, 80}, {140, 91}, {140, 80}}, 3, 4, two{140, 86}},
		"there is no fifth":                     {series{{140, 80}, {160, 80}, {140, 80}, {160, 80}}, 3, 4, two{150, 80}},
		"a low second does not end the series":  {series{{140, 90}, {120, 80}, {122, 82}}, 3, 3, two{121, 81}},
		"a soft first is confirmed by a second": {series{{79, 50}, {78, 50}}, 1, 2, two{79, 50}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := Defaults()
			s.Readings = c.settings
			b := newBench(t, s)
			b.do(Identify{Patient: patient, Operator: "w-7"})
			for i, r := range c.readings {
				if b.can(ActNext) {
					t.Fatalf("the step is complete after %d", i)
				}
				b.pressures(r)
			}
			if !b.can(ActNext) || b.v.needs() {
				t.Fatal("the step is not complete")
			}
			wantAccepts := c.want
			if c.mean != [2]int{} {
				wantAccepts++
				r := b.newest().Reading
				want := vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(c.mean[0])), Diastolic: vitals.Some(vitals.MmHg(c.mean[1]))}
				same(t, "mean", want, r.Measurement)
				from := []string{b.accepted[c.want-2].Reading.ID, b.accepted[c.want-1].Reading.ID}
				if !slices.Equal(r.DerivedFrom, from) {
					t.Errorf("derived from %v, want %v", r.DerivedFrom, from)
				}
			}
			b.accepts(wantAccepts)
			b.do(Next{})
			b.accepts(wantAccepts)
			b.step(StepOximetry)
		})
	}
}

func TestSevereAsksForARepeatInFiveMinutes(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{182, 100})
	since := b.now
	if !b.newest().Urgent {
		t.Error("182 is not urgent")
	}
	b.pressures([2]int{184, 100}, [2]int{183, 101})
	b.prompt(PromptRepeatIn5)
	if want := 5*time.Minute - (b.now - since); b.v.View().Countdown != want {
		t.Errorf("countdown %s, want %s", b.v.View().Countdown, want)
	}
	if !b.can(ActNext) {
		t.Error("no way on")
	}
	b.wait(b.v.View().Countdown)
	b.accepts(4)
	b.pressures([2]int{186, 102})
	b.prompt(PromptCallDoctor)
	b.accepts(6)
	mean := b.newest().Reading
	if mean.Supersedes != b.accepted[3].Reading.ID || !b.newest().Urgent {
		t.Errorf("the new mean supersedes %q, urgent %v", mean.Supersedes, b.newest().Urgent)
	}
	b.do(Next{})
	b.step(StepOximetry)
}

func TestSevereThatPassed(t *testing.T) {
	b := identified(t)
	b.pressures([2]int{150, 110}, [2]int{150, 100}, [2]int{150, 100})
	b.prompt(PromptBPDone)
	b.quiet(StartCuff{})
}
