package firmware

import (
	"testing"
	"time"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
	"nabz/firmware/live"
	"nabz/firmware/screen"
)

// TestSightShowsNothingDoubtful: what is old, doubted or unknown is not sent as live.
func TestSightShowsNothingDoubtful(t *testing.T) {
	now := time.Now()
	sample := func(age time.Duration, flags vitals.Flags) live.Numbers {
		o := vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(72)), PI: vitals.Some(vitals.CentiPercent(420))}
		return live.Numbers{Oximetry: live.Dated{Sample: vitals.Sample{Kind: vitals.KindOximetry, Oximetry: o, Flags: flags}, At: now.Add(-age)}}
	}
	for name, c := range map[string]struct {
		numbers            live.Numbers
		shown, questioned  bool
		noFinger, weakWave bool
	}{
		"nothing":       {live.Numbers{}, false, false, false, false},
		"now":           {sample(0, 0), true, false, false, false},
		"ten seconds":   {sample(10*time.Second, 0), true, false, false, false},
		"older":         {sample(10*time.Second+time.Millisecond, 0), false, false, false, false},
		"weak":          {sample(0, vitals.LowPerfusion), true, true, false, true},
		"no finger":     {sample(0, vitals.NoFinger), false, false, true, false},
		"searching":     {sample(0, vitals.Searching), false, false, false, false},
		"sensor off":    {sample(0, vitals.SensorOff), false, false, true, false},
		"motion":        {sample(0, vitals.Artifact), false, false, false, false},
		"battery of it": {sample(0, vitals.BatteryLow), true, false, false, false},
	} {
		s := sightOf(c.numbers, now)
		if (s.SpO2 != nil) != c.shown || (s.Pulse != nil) != c.shown || (s.PI != nil) != c.shown || s.NoFinger != c.noFinger || s.Weak != c.weakWave || s.SpO2 != nil && (s.SpO2.V != 97 || s.SpO2.Q != c.questioned) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestNothingLiveWithoutAVisit: what an idle oximeter says is nobody's, and is not sent.
func TestNothingLiveWithoutAVisit(t *testing.T) {
	b := newBenchWith(t, "oximeter", "contec", sim.NewContec(sim.NewPatient(sim.PatientOpts{}), sim.Opts{}))
	b.start()
	b.until("an oximeter", func(s screen.State) bool { return s.Live.Oximetry != nil })
	if s, ok := (watched{b.k}).Now(); ok {
		t.Errorf("without a visit: %+v", s)
	}
	visit := b.open()
	if s, ok := (watched{b.k}).Now(); !ok || s.Visit != visit || s.Step == "" || s.Patient.Value != "000123" {
		t.Errorf("with one: %+v, %t", s, ok)
	}
}
