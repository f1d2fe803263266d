package exam

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

func probe(value int, mode vitals.Mode, site vitals.Site, f vitals.Flags, status string) Arrived {
	m := vitals.Temperature{Site: site, Mode: mode}
	if value != 0 {
		m.Value = vitals.Some(vitals.MilliCelsius(value))
	}
	return Arrived{Sample: vitals.Sample{Kind: vitals.KindTemperature, Temperature: m, Flags: f, Status: status}, Device: thermometer}
}

var (
	ready   = probe(0, vitals.Predicted, vitals.Oral, vitals.NotReady, "ready")
	predict = probe(0, vitals.Predicted, vitals.Oral, vitals.NotSettled, "predict")
)

func final(v int) Arrived { return probe(v, vitals.Predicted, vitals.Oral, 0, "final") }

func TestFinalPrediction(t *testing.T) {
	b := at(t, StepTemperature)
	b.prompt(PromptPlaceProbe)
	b.do(ready)
	b.do(predict)
	b.prompt(PromptSettle)
	b.do(final(36800))
	b.accepts(1)
	want := vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36800)), Site: vitals.Oral, Mode: vitals.Predicted}
	same(t, "measurement", want, b.newest().Reading.Measurement)
	b.prompt(PromptTemperatureDone)
	b.quiet(final(36800))
	b.do(Next{})
	b.step(StepReview)
}

func TestFinalThatStaysIsNotTakenTwice(t *testing.T) {
	b := at(t, StepTemperature)
	b.do(predict)
	b.do(final(36800))
	b.do(Retake{vitals.KindTemperature})
	for _, a := range []Arrived{
		final(36800), probe(36800, vitals.Predicted, vitals.Oral, vitals.ContactLost, "final-position"), final(36800),
		probe(36800, vitals.Predicted, vitals.Oral, vitals.Stale, "final"), final(36800),
	} {
		b.do(a)
	}
	b.accepts(1)
	b.prompt(PromptReturnProbe)
	b.do(ready)
	b.do(predict)
	b.do(final(36900))
	b.accepts(2)
	if got := b.newest().Reading.Supersedes; got != b.accepted[0].Reading.ID {
		t.Errorf("supersedes %q", got)
	}
}

// A final that was there when the step began may be the last patient's.
func TestFinalOfBeforeTheStep(t *testing.T) {
	b := at(t, StepOximetry)
	b.quiet(predict)
	b.quiet(final(38500))
	b.do(Skip{SkipOther})
	b.accepted = nil
	b.do(final(38500))
	b.prompt(PromptReturnProbe)
	b.wait(4 * time.Second) // the probe went back and the device fell silent
	b.prompt(PromptPlaceProbe)
	b.do(final(38500))
	b.accepts(0)
}

func TestDoubtedTemperatures(t *testing.T) {
	cases := map[string]struct {
		a    Arrived
		want string
	}{
		"not settled":      {probe(36800, vitals.Predicted, vitals.Oral, vitals.NotSettled, "predict-display"), PromptSettle},
		"moved":            {probe(36800, vitals.Predicted, vitals.Oral, vitals.ContactLost, "final-position"), RetryProbeMoved},
		"out of range":     {probe(43300, vitals.Predicted, vitals.Oral, vitals.OutOfRange, "final-over"), RetryTemperature},
		"hardware":         {probe(36800, vitals.Predicted, vitals.Oral, vitals.Hardware, "error"), RetryTemperature},
		"skin":             {probe(36800, vitals.Surface, vitals.Forehead, 0, ""), PromptSurfaceOnly},
		"an unknown mode":  {probe(36800, "", vitals.Oral, 0, ""), PromptSettle},
		"implausible only": {probe(36800, vitals.Predicted, vitals.Oral, vitals.Implausible, "final"), RetryTemperature},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepTemperature)
			b.do(predict)
			b.do(c.a)
			b.do(c.a)
			b.accepts(0)
			b.prompt(c.want)
			b.do(ready)
			b.do(predict)
			b.do(final(36800))
			b.accepts(1)
		})
	}
}

func TestFeverIsConfirmedByAnotherMeasurement(t *testing.T) {
	b := at(t, StepTemperature)
	b.do(predict)
	b.do(final(39600))
	b.prompt(PromptConfirm)
	b.do(final(39600))
	b.accepts(1)
	b.do(ready)
	b.do(predict)
	b.do(final(39700))
	b.accepts(2)
	if r := b.newest().Reading; r.Questionable != "" || r.Supersedes != b.accepted[0].Reading.ID {
		t.Errorf("questionable %q, supersedes %q", r.Questionable, r.Supersedes)
	}
}

func TestTemperatureThatCannotBe(t *testing.T) {
	b := at(t, StepTemperature)
	for range 2 {
		b.accepts(0)
		b.do(predict)
		b.do(final(25000))
		b.do(ready)
	}
	b.accepts(1)
	if a := b.newest(); !a.Urgent || a.Reading.Absent != reading.AbsentError {
		t.Errorf("got %+v", a)
	}
}

// warm plays a contact probe, one sample a second.
func (b *bench) warm(d time.Duration, site vitals.Site, f func(since time.Duration) int) {
	for t := time.Duration(0); t < d; t += time.Second {
		b.do(probe(f(t), vitals.Direct, site, 0, ""))
		b.now += time.Second
	}
}

func constant(v int) func(time.Duration) int { return func(time.Duration) int { return v } }

// rise warms from the room to the body with a time constant of 20 s.
func rise(from, to int) func(time.Duration) int {
	return func(s time.Duration) int {
		left := float64(to - from)
		for range int(s / time.Second) {
			left *= 0.95
		}
		return to - int(left)
	}
}

func TestContactProbe(t *testing.T) {
	cases := map[string]struct {
		site vitals.Site
		play func(b *bench)
		from time.Duration // of contact, earliest
		want string
	}{
		"oral":     {vitals.Oral, func(b *bench) { b.warm(4*time.Minute, vitals.Oral, rise(25000, 36800)) }, time.Minute, ""},
		"axillary": {vitals.Axillary, func(b *bench) { b.warm(6*time.Minute, vitals.Axillary, rise(25000, 36800)) }, 5 * time.Minute, ""},
		"not told": {"", func(b *bench) { b.warm(6*time.Minute, "", rise(25000, 36800)) }, 5 * time.Minute, ""},
		"hot room": {vitals.Oral, func(b *bench) {
			b.warm(time.Minute, vitals.Oral, constant(32000))
			b.warm(4*time.Minute, vitals.Oral, rise(32000, 36800))
		}, 2 * time.Minute, ""},
		"never put in": {vitals.Oral, func(b *bench) { b.warm(5*time.Minute, vitals.Oral, constant(32000)) }, 0, PromptPlaceProbe},
		"not cooled":   {vitals.Oral, func(b *bench) { b.warm(5*time.Minute, vitals.Oral, constant(36500)) }, 0, PromptLetProbeCool},
		"still rising": {vitals.Oral, func(b *bench) {
			b.warm(3*time.Minute, vitals.Oral, func(s time.Duration) int { return 25000 + int(s/time.Second)*60 })
		}, 0, PromptSettle},
		"too short": {vitals.Axillary, func(b *bench) { b.warm(4*time.Minute, vitals.Axillary, rise(25000, 36800)) }, 0, PromptSettle},
		"restless": {vitals.Oral, func(b *bench) {
			b.warm(4*time.Minute, vitals.Oral, func(s time.Duration) int { return rise(25000, 36700)(s) + 60*(int(s/time.Second)%2) })
		}, 0, PromptSettle},
		"ten minutes": {vitals.Oral, func(b *bench) {
			b.warm(11*time.Minute, vitals.Oral, func(s time.Duration) int { return rise(25000, 36700)(s) + 60*(int(s/time.Second)%2) })
		}, 0, RetryTemperature},
		"creeping": {vitals.Oral, func(b *bench) {
			b.warm(5*time.Second, vitals.Oral, constant(25000))
			b.warm(5*time.Minute, vitals.Oral, func(s time.Duration) int { return 36000 + int(s/time.Second)*50/30 })
		}, 0, PromptSettle},
		"slowly cooling": {vitals.Oral, func(b *bench) {
			b.warm(50*time.Second, vitals.Oral, rise(25000, 36800))
			b.warm(150*time.Second, vitals.Oral, func(s time.Duration) int { return 36700 - int(s/time.Second)*45/30 })
		}, 0, PromptSettle},
		"taken out": {vitals.Oral, func(b *bench) {
			b.warm(50*time.Second, vitals.Oral, rise(25000, 36800))
			b.warm(time.Second, vitals.Oral, constant(34000))
		}, 0, RetryProbeMoved},
		"flagged": {vitals.Oral, func(b *bench) {
			b.warm(50*time.Second, vitals.Oral, rise(25000, 36800))
			b.do(probe(36800, vitals.Direct, vitals.Oral, vitals.Hardware, ""))
			b.warm(4*time.Minute, vitals.Oral, constant(36800))
		}, 0, PromptLetProbeCool},
		"silent": {vitals.Oral, func(b *bench) {
			b.warm(50*time.Second, vitals.Oral, rise(25000, 36800))
			b.now += 16 * time.Second
			b.warm(4*time.Minute, vitals.Oral, constant(36800))
		}, 0, PromptLetProbeCool},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := at(t, StepTemperature)
			start := b.now
			c.play(b)
			if c.want != "" {
				b.accepts(0)
				b.prompt(c.want)
				return
			}
			b.accepts(1)
			r := b.newest().Reading
			m := r.Measurement.(vitals.Temperature)
			if v, _ := m.Value.Get(); v < 36700 || v > 36800 || m.Mode != vitals.Direct || m.Site != c.site {
				t.Errorf("measured %v at %q, %q", m.Value, m.Site, m.Mode)
			}
			if took := r.Taken.SinceBoot - start; took < c.from || took > c.from+90*time.Second {
				t.Errorf("taken after %s, want %s or a little more", took, c.from)
			}
			if r.Window < 30*time.Second {
				t.Errorf("window %s", r.Window)
			}
		})
	}
}

func TestDwellIsCountedDown(t *testing.T) {
	b := at(t, StepTemperature)
	b.warm(30*time.Second, vitals.Axillary, rise(31000, 36800))
	b.prompt(PromptSettle)
	if left := b.v.View().Countdown; left < 4*time.Minute+30*time.Second || left > 4*time.Minute+35*time.Second {
		t.Errorf("countdown %s", left)
	}
}

// What the doctor is to know of a contact probe: how long it was in place, how steady it was, how warm it was before.
func TestContactProbeTellsItsStory(t *testing.T) {
	b := at(t, StepTemperature)
	b.warm(10*time.Second, vitals.Oral, constant(24100))
	b.warm(3*time.Minute, vitals.Oral, rise(24100, 36800))
	b.accepts(1)
	r := b.newest().Reading
	if !regexp.MustCompile(`^contact probe: \d+ s at the site, the last 3\d s within 0\.0\d °C; before contact 24\.1 °C$`).MatchString(r.Note) || r.Questionable != "" {
		t.Errorf("note %q, questionable %q", r.Note, r.Questionable)
	}
}

func TestColdContactProbeIsQuestioned(t *testing.T) {
	b := at(t, StepTemperature)
	b.warm(5*time.Minute, vitals.Oral, rise(24100, 33800))
	b.accepts(1)
	if r := b.newest().Reading; !strings.Contains(r.Questionable, "was the probe in its place?") {
		t.Errorf("33.8 °C is questioned by %q", r.Questionable)
	}
}
