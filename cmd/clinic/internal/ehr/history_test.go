package ehr

import (
	"testing"

	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
)

// checkHistory holds a record to what History promises.
func checkHistory(t *testing.T, record Record) {
	t.Helper()
	store := func(e reading.Entry) fhir.Summary {
		t.Helper()
		bundle := fhirtest.Encode(t, "bhu-1", e)
		sum, err := fhir.Check(bundle, fhirtest.Base, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := record.Store(t.Context(), sum.ID, bundle, sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	bp, spo2, other := fhirtest.Reading(fhirtest.BloodPressure, false), fhirtest.Reading(fhirtest.Oximetry, false), fhirtest.Reading(fhirtest.Temperature, false)
	other.Patient.Value = "999999"
	her := store(reading.Entry{Reading: &bp}).Patient
	store(reading.Entry{Reading: &other})
	store(reading.Entry{Reading: &spo2})
	gone := fhirtest.Reading(fhirtest.Oximetry, false)
	store(reading.Entry{Retraction: &reading.Retraction{ID: gone.ID, Of: spo2, Operator: "w-12", Taken: gone.Taken}})
	last, from := map[string]fhir.Vital{}, reading.PatientRef{}
	bundles, more, err := record.History(t.Context(), her, 100)
	if err != nil || more {
		t.Fatalf("more %t: %v", more, err)
	}
	for _, b := range bundles {
		c, err := fhir.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if from == (reading.PatientRef{}) {
			from = c.Patient
		}
		for _, v := range c.Vitals {
			last[v.Kind+v.Entry] = v
		}
	}
	if from != bp.Patient {
		t.Errorf("the patient is %+v", from)
	}
	pressure, oxygen := last["bpbhu-1-"+bp.ID], last["spo2bhu-1-"+spo2.ID]
	if len(last) != 4 || pressure.Retracted || pressure.Device != "Maker Model 3" || !oxygen.Retracted {
		t.Errorf("%d: %+v, %+v", len(last), pressure, oxygen)
	}
	if bundles, more, err := record.History(t.Context(), her, 1); err != nil || !more || len(bundles) == 0 {
		t.Errorf("of many one: %d, more %t, %v", len(bundles), more, err)
	}
	if bundles, _, err := record.History(t.Context(), fhir.Identifier{System: her.System, Value: "000000"}, 100); err != nil || len(bundles) != 0 {
		t.Errorf("of nobody: %d, %v", len(bundles), err)
	}
}

// TestHistoryOfAFolder: also after it was opened anew.
func TestHistoryOfAFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkHistory(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenFolder(dir); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := fhirtest.Reading(fhirtest.BloodPressure, false)
	id, err := fhir.PatientID(fhirtest.Base, sum.Patient)
	if err != nil {
		t.Fatal(err)
	}
	if bundles, _, err := f.History(t.Context(), id, 100); err != nil || len(bundles) != 3 {
		t.Errorf("opened anew: %d, %v", len(bundles), err)
	}
}
