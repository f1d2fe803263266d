package exam

import (
	"slices"
	"testing"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// TestPointsAtEveryBoundary quotes chart 1 of NEWS2 (RCP 2017): the first and the last number of each column.
func TestPointsAtEveryBoundary(t *testing.T) {
	cases := map[string]struct {
		by   scale
		want map[int]int
	}{
		"respiration": {breathPoints, map[int]int{4: 3, 8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3, 60: 3}},
		"SpO2":        {saturationPoints, map[int]int{50: 3, 91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0, 100: 0}},
		"systolic":    {systolicPoints, map[int]int{60: 3, 90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3}},
		"pulse":       {pulsePoints, map[int]int{30: 3, 40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3}},
		"temperature": {temperaturePoints, map[int]int{340: 3, 350: 3, 351: 1, 360: 1, 361: 0, 380: 0, 381: 1, 390: 1, 391: 2, 420: 2}},
	}
	for name, c := range cases {
		for n, want := range c.want {
			if got := c.by.points(n); got != want {
				t.Errorf("%s %d: %d points, want %d", name, n, got, want)
			}
		}
	}
}

func TestScoreOnlyWhenComplete(t *testing.T) {
	b := reviewed(t)
	if s := b.v.View().Score; s != nil {
		t.Errorf("nobody has counted or asked: %+v", s)
	}
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert}})
	if s := b.v.View().Score; s == nil || !slices.Equal(s.Missing, []string{"condition", "respiration"}) || s.Risk() != "" {
		t.Errorf("without breaths and oxygen: %+v", s)
	}
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert, Breathing: vitals.Oxygen}})
	b.do(Observe{})
	b.breathe(22)
	b.do(Next{})
	if s := b.v.View().Score; s == nil || s.Total != 4 || s.Risk() != "low" {
		t.Errorf("22 breaths on oxygen, the rest usual: %+v, want 4", s)
	}
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Confused, Breathing: vitals.Air}})
	if s := b.v.View().Score; s == nil || s.Total != 5 || !s.Three || s.Risk() != "urgent" {
		t.Errorf("22 breaths, confused: %+v, want 5, urgent", s)
	}
}

func TestRisk(t *testing.T) {
	for want, s := range map[string]Score{
		"low": {Total: 4}, "urgent": {Total: 3, Three: true}, "emergency": {Total: 7}, "": {Total: 9, Missing: []string{"pulse"}},
	} {
		if got := s.Risk(); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
}

// No score is made of a child, of one whose age nobody knows, and in pregnancy.
func TestWhoIsNotScored(t *testing.T) {
	for name, p := range map[string]reading.PatientRef{
		"fifteen": {Type: reading.MedicalRecord, Value: "1", Birth: "2011-05"}, "unknown": {Type: reading.MedicalRecord, Value: "1"},
	} {
		b := reviewed(t)
		b.v.m.Patient = p
		b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert, Breathing: vitals.Air}})
		if s := b.v.View().Score; s != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	b := reviewed(t)
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert, Breathing: vitals.Air, Pregnancy: vitals.Pregnant}})
	if s := b.v.View().Score; s != nil {
		t.Errorf("pregnant: %+v", s)
	}
}

// 36.05 °C is shown as 36.1 and scored as that.
func TestTemperatureIsRoundedBeforeItIsScored(t *testing.T) {
	b := reviewed(t)
	b.do(Retake{vitals.KindTemperature})
	b.do(ByHand{vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_050))}})
	b.do(Next{})
	b.do(ByHand{vitals.Condition{Consciousness: vitals.Alert, Breathing: vitals.Air}})
	b.do(Observe{})
	b.breathe(16)
	b.do(Next{})
	if s := b.v.View().Score; s == nil || s.Total != 0 {
		t.Errorf("36.05 °C: %+v, want 0 points", s)
	}
}
