// Package fhirtest makes synthetic Bundles, encoded by the real encoder, for tests of what carries and records them.
package fhirtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
)

// Base is the prefix of the identifiers in every Bundle here.
const Base = "https://nabz.example/fhir"

// Taken is when every reading here was taken.
var Taken = time.Date(2026, 11, 26, 9, 41, 7, 0, time.UTC)

// BloodPressure, Oximetry and Temperature are measurements with nothing wrong.
var (
	BloodPressure = vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(137)), Diastolic: vitals.Some(vitals.MmHg(84)), Mean: vitals.Some(vitals.MmHg(101)),
		Pulse: vitals.Some(vitals.PerMinute(91)),
	}
	Oximetry = vitals.Oximetry{
		SpO2: vitals.Some(vitals.Percent(93)), Pulse: vitals.Some(vitals.PerMinute(88)), PI: vitals.Some(vitals.CentiPercent(217)),
	}
	Temperature = vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(37_900)), Site: vitals.Oral, Mode: vitals.Predicted}
)

// Reading is a reading of a new id with that measurement.
func Reading(m vitals.Measurement, practice bool) reading.Reading {
	return reading.Reading{
		ID: uuid.Must(uuid.NewV7()).String(), Visit: uuid.Must(uuid.NewV7()).String(), Practice: practice, Operator: "w-12",
		Method: reading.ByDevice, Measurement: m,
		Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "774410", Sex: reading.Male, Birth: "1971"},
		Device:  reading.DeviceRef{Kind: m.Kind(), Manufacturer: "Maker", Model: "Model 3", Serial: "SN-2231"},
		Taken:   clock.Stamp{Boot: "b", SinceBoot: time.Minute, Wall: Taken, Source: clock.NTP, Uncertainty: 20 * time.Millisecond},
	}
}

// Encode encodes an entry as the kiosk of that name would.
func Encode(t testing.TB, kiosk string, e reading.Entry) []byte {
	t.Helper()
	b, err := fhir.Encode(e, fhir.Context{
		Kiosk: kiosk, Base: Base, Software: "0.9.1", Zone: time.FixedZone("", 5*3600), Sent: Taken,
		Instant: clock.Instant{Time: Taken, Source: clock.NTP, Uncertainty: 20 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Bundle is a new reading's Bundle, and its id.
func Bundle(t testing.TB, kiosk string, m vitals.Measurement, practice bool) (id string, bundle []byte) {
	t.Helper()
	r := Reading(m, practice)
	return kiosk + "-" + r.ID, Encode(t, kiosk, reading.Entry{Reading: &r})
}
