package intake_test

import (
	"testing"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/drivers/vitals"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
)

// TestSealedSize: a sealed reading stays within what a thin link carries, whatever was measured.
func TestSealedSize(t *testing.T) {
	c := clinictest.NewSealed(t).Closing("bhu-layyah-07")
	for name, m := range map[string]vitals.Measurement{
		"blood pressure": fhirtest.BloodPressure, "oximetry": fhirtest.Oximetry, "temperature": fhirtest.Temperature,
	} {
		r := fhirtest.Reading(m, false)
		n := len(c.Payload(t, reading.Entry{Reading: &r}))
		t.Logf("%s: %d bytes", name, n)
		if n > 800 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
}
