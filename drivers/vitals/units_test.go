package vitals

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnitsArePrinted(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"120 mmHg":  MmHg(120),
		"97 %":      Percent(97),
		"4.20 %":    CentiPercent(420),
		"0.05 %":    CentiPercent(5),
		"72 /min":   PerMinute(72),
		"36.800 °C": MilliCelsius(36_800),
		"-0.500 °C": MilliCelsius(-500),
		"--":        Maybe[Percent]{},
		"0 %":       Some(Percent(0)),
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	cases := []struct {
		n, places int
		want      string
	}{
		{36800, 3, "36.800"},
		{5, 3, "0.005"},
		{0, 2, "0.00"},
		{-5, 1, "-0.5"},
		{-36800, 3, "-36.800"},
		{7, 0, "7"},
		{-7, 0, "-7"},
		{0, 0, "0"},
	}
	for _, c := range cases {
		if got := Decimal(c.n, c.places); got != c.want {
			t.Errorf("Decimal(%d, %d) = %q, want %q", c.n, c.places, got, c.want)
		}
	}
}

// A forgotten field must never read as a measured zero.
func TestZeroMeasurementsKnowNothing(t *testing.T) {
	for want, m := range map[string]Measurement{
		`{}`:                    BloodPressure{},
		`{ }`:                   Oximetry{},
		`{"site":"","mode":""}`: Temperature{},
	} {
		each(m, func(q Quantity, v int) { t.Errorf("%v: quantity %d is %d", m.Kind(), q, v) })
		got, err := json.Marshal(m)
		if d := cmp.Diff(compact(t, want), string(got)); d != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", m.Kind(), err, d)
		}
	}
}

func TestMaybe(t *testing.T) {
	none, zero := Maybe[MmHg]{}, Some(MmHg(0))
	if v, ok := none.Get(); ok || none.Known() || !none.IsZero() {
		t.Errorf("missing: value %v, known %t, IsZero %t", v, none.Known(), none.IsZero())
	}
	if v, ok := zero.Get(); !ok || v != 0 || !zero.Known() || zero.IsZero() {
		t.Errorf("zero: value %v, known %t, IsZero %t", v, zero.Known(), zero.IsZero())
	}
}

func TestMaybeInJSON(t *testing.T) {
	cases := map[string]struct {
		value BloodPressure
		text  string
	}{
		"all": {
			BloodPressure{Some(MmHg(120)), Some(MmHg(80)), Some(MmHg(93)), Some(PerMinute(72))},
			`{"systolic":120,"diastolic":80,"mean":93,"pulse":72}`,
		},
		"some":             {BloodPressure{Systolic: Some(MmHg(120))}, `{"systolic":120}`},
		"measured zero":    {BloodPressure{Pulse: Some(PerMinute(0))}, `{"pulse":0}`},
		"none":             {BloodPressure{}, `{}`},
		"negative, absurd": {BloodPressure{Mean: Some(MmHg(-3))}, `{"mean":-3}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(c.value)
			if string(raw) != c.text || err != nil {
				t.Errorf("wrote %s (%v), want %s", raw, err, c.text)
			}
			var back BloodPressure
			if err := json.Unmarshal([]byte(c.text), &back); err != nil || back != c.value {
				t.Errorf("read %+v (%v), want %+v", back, err, c.value)
			}
		})
	}
}

func TestMaybeOutsideOmitzero(t *testing.T) {
	raw, err := json.Marshal([]Maybe[Percent]{Some(Percent(97)), {}})
	if string(raw) != "[97,null]" || err != nil {
		t.Errorf("wrote %s (%v)", raw, err)
	}
	back := []Maybe[Percent]{{}, Some(Percent(1))}
	if err := json.Unmarshal(raw, &back); err != nil || back[0] != Some(Percent(97)) || back[1].Known() {
		t.Errorf("read %v (%v)", back, err)
	}
}

// What cannot be read leaves no number behind.
func TestMaybeRefuses(t *testing.T) {
	for _, text := range []string{`"97"`, `97.5`, `{}`, `true`} {
		var m Maybe[Percent]
		if err := json.Unmarshal([]byte(text), &m); err == nil || m.Known() {
			t.Errorf("%s: read %v, error %v", text, m, err)
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v json.RawMessage
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
