package reading

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
)

func sample() Reading {
	return Reading{
		ID: "0192f3a1-7c5e-7b1a-9d0e-000000000001", Visit: "0192f3a1-7c5e-7b1a-9d0e-000000000002", Practice: true,
		Patient: PatientRef{Type: MedicalRecord, Value: "000123", Sex: Female, Birth: "1984-05"}, Operator: "w-7",
		Device:      DeviceRef{Kind: vitals.KindOximetry, Manufacturer: "Contec", Model: "CMS50D+"},
		Measurement: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), PI: vitals.Some(vitals.CentiPercent(420))},
		Flags:       vitals.LowPerfusion, Method: ByDevice, Questionable: "weak signal", Window: 10 * time.Second, Evidence: "ba7816bf",
		Taken: clock.Stamp{Boot: "b", SinceBoot: time.Second, Wall: time.Unix(1, 0).UTC(), Source: clock.None},
	}
}

// sameNumbers lets cmp look at measurements, whose numbers hide their fields.
var sameNumbers = cmp.Options{
	cmp.Comparer(func(x, y vitals.Oximetry) bool { return x == y }),
	cmp.Comparer(func(x, y vitals.BloodPressure) bool { return x == y }),
	cmp.Comparer(func(x, y vitals.Temperature) bool { return x == y }),
}

func TestRoundTrip(t *testing.T) {
	oximetry := sample()
	bp := sample()
	bp.Measurement = vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(122)), Diastolic: vitals.Some(vitals.MmHg(78))}
	bp.DerivedFrom = []string{"a", "b"}
	temp := sample()
	temp.Measurement = vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36800)), Site: vitals.Oral, Mode: vitals.Predicted}
	for name, e := range map[string]Entry{
		"oximetry": {Reading: &oximetry}, "blood pressure": {Reading: &bp}, "temperature": {Reading: &temp},
		"retraction": {Retraction: &Retraction{ID: "r", Of: bp, Operator: "w-7", Taken: bp.Taken}},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(e, got, sameNumbers); d != "" {
				t.Errorf("what came back differs:\n%s", d)
			}
			again, err := got.Encode()
			if err != nil || !bytes.Equal(raw, again) {
				t.Errorf("encoding again gives other bytes (%v)", err)
			}
		})
	}
}

// A number that is missing must come back missing, not as zero.
func TestMissingStaysMissing(t *testing.T) {
	r := sample()
	raw, err := Entry{Reading: &r}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if pulse := got.Reading.Measurement.(vitals.Oximetry).Pulse; pulse.Known() {
		t.Errorf("a pulse of %v appeared", pulse)
	}
}

func TestDecodeRefuses(t *testing.T) {
	cases := map[string]struct{ raw, want string }{
		"newer form":     {`{"v":2,"reading":{}}`, "update the kiosk"},
		"nothing in it":  {`{"v":1}`, "neither"},
		"no measurement": {`{"v":1,"reading":{"id":"x"}}`, "no measurement"},
		"not JSON":       {`000123 secret`, "not the form"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.raw))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "000123") {
				t.Errorf("the error quotes the payload: %v", err)
			}
		})
	}
}

func TestEncodeNeedsAMeasurement(t *testing.T) {
	r := sample()
	r.Measurement = nil
	if _, err := (Entry{Reading: &r}).Encode(); err == nil {
		t.Error("a reading without a measurement was encoded")
	}
	if _, err := (Entry{}).Encode(); err == nil {
		t.Error("an empty entry was encoded")
	}
}
