package vitals

import "testing"

func TestSiteLimits(t *testing.T) {
	high := SiteLimits{"saturation": {86, 100}, "systolic": {95, 170}}
	if err := high.Check(); err != nil {
		t.Fatal(err)
	}
	oximetry := func(spo2 Percent) Oximetry { return Oximetry{SpO2: Some(spo2), Pulse: Some(PerMinute(72))} }
	for name, c := range map[string]struct {
		m    Measurement
		b    Band
		l    SiteLimits
		want bool
	}{
		"usual limits":                 {oximetry(91), Adult, nil, true},
		"the site's are wider":         {oximetry(91), Adult, high, false},
		"and have an end":              {oximetry(85), Adult, high, true},
		"an unknown age is an adult's": {oximetry(91), UnknownAge, high, false},
		"a child has the usual ones":   {oximetry(89), Child, high, true},
		"narrower":                     {BloodPressure{Systolic: Some(MmHg(172)), Diastolic: Some(MmHg(80))}, Adult, high, true},
		"what the site does not say":   {BloodPressure{Systolic: Some(MmHg(150)), Diastolic: Some(MmHg(112))}, Adult, high, true},
		"nothing wrong":                {BloodPressure{Systolic: Some(MmHg(130)), Diastolic: Some(MmHg(80))}, Adult, high, false},
		"not alert":                    {Condition{Consciousness: Pain}, Adult, high, true},
	} {
		if got := c.l.Urgent(c.m, c.b); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	for name, l := range map[string]SiteLimits{
		"unknown": {"weight": {1, 2}}, "beyond hard": {"saturation": {40, 100}}, "the wrong way round": {"pulse": {130, 40}}, "above": {"systolic": {90, 301}},
	} {
		if l.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
