package vitals

import "testing"

func TestSampleGivesItsOwnMeasurement(t *testing.T) {
	s := Sample{
		BloodPressure: BloodPressure{Systolic: Some(MmHg(120))},
		Oximetry:      Oximetry{SpO2: Some(Percent(97))},
		Temperature:   Temperature{Site: Oral},
	}
	for kind, want := range map[Kind]Measurement{
		KindBloodPressure: s.BloodPressure, KindOximetry: s.Oximetry, KindTemperature: s.Temperature, KindCuffPressure: nil, KindNone: nil,
	} {
		s.Kind = kind
		got := s.Measurement()
		if got != want {
			t.Errorf("%v: %+v, want %+v", kind, got, want)
		}
		if got != nil && got.Kind() != kind {
			t.Errorf("%v: the measurement says it is %v", kind, got.Kind())
		}
	}
}

func TestKindNames(t *testing.T) {
	for want, k := range map[string]Kind{
		"none": KindNone, "blood-pressure": KindBloodPressure, "oximetry": KindOximetry, "temperature": KindTemperature,
		"cuff-pressure": KindCuffPressure,
	} {
		if k.String() != want {
			t.Errorf("%v, want %s", k, want)
		}
	}
}
