package fhir

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

const (
	base         = "https://nabz.example/fhir"
	kiosk        = "bhu-kotaddu-01"
	readingID    = "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
	otherID      = "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d02"
	thirdID      = "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d03"
	retractionID = "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d09"
)

var (
	karachi = time.FixedZone("", 5*3600)
	taken   = time.Date(2026, 11, 22, 14, 15, 30, 250e6, karachi)
)

func testContext() Context {
	return Context{
		Kiosk: kiosk, Base: base, Software: "1.2.3", Zone: karachi,
		Instant: clock.Instant{Time: taken.UTC(), Source: clock.NTP, Uncertainty: 20 * time.Millisecond},
		Sent:    taken.Add(11 * time.Second),
	}
}

func unsynchronised(c Context) Context {
	c.Instant = clock.Instant{
		Time: taken, Source: clock.None, Uncertainty: 2*time.Hour + 1, NotBefore: taken.Add(-2 * time.Hour), NotAfter: taken,
	}
	return c
}

func bp(sys, dia vitals.MmHg) vitals.BloodPressure {
	return vitals.BloodPressure{Systolic: vitals.Some(sys), Diastolic: vitals.Some(dia)}
}

func bpReading() reading.Reading {
	m := bp(122, 78)
	m.Mean, m.Pulse = vitals.Some(vitals.MmHg(93)), vitals.Some(vitals.PerMinute(72))
	return reading.Reading{
		ID: readingID, Visit: thirdID, Operator: "w-7", Method: reading.ByDevice, Measurement: m, BodySite: reading.LeftUpperArm,
		Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female, Birth: "1984-05"},
		Device:  reading.DeviceRef{Kind: vitals.KindBloodPressure, Manufacturer: "PAR Medizintechnik", Model: "NIBP2010", Serial: "B0495F001071"},
		Taken:   clock.Stamp{Boot: "b7", SinceBoot: time.Hour, Wall: taken, Source: clock.NTP},
	}
}

func oximetryReading() reading.Reading {
	r := bpReading()
	r.BodySite, r.Window = "", 10*time.Second
	r.Device = reading.DeviceRef{Kind: vitals.KindOximetry, Manufacturer: "Contec", Model: "CMS50D+"}
	r.Measurement = vitals.Oximetry{
		SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(61)), PI: vitals.Some(vitals.CentiPercent(420)),
	}
	return r
}

func temperatureReading(value vitals.MilliCelsius, site vitals.Site, mode vitals.Mode) reading.Reading {
	r := bpReading()
	r.BodySite = ""
	r.Device = reading.DeviceRef{
		Kind: vitals.KindTemperature, Manufacturer: "Welch Allyn", Model: "SureTemp Plus", Serial: "0042", Firmware: "2.1",
	}
	r.Measurement = vitals.Temperature{Value: vitals.Some(value), Site: site, Mode: mode}
	return r
}

// with returns the reading as an entry, changed.
func with(r reading.Reading, change ...func(*reading.Reading)) reading.Entry {
	for _, f := range change {
		f(&r)
	}
	return reading.Entry{Reading: &r}
}

// byHand makes it a reading that a person counted, saw or asked.
func byHand(m vitals.Measurement, window time.Duration) func(*reading.Reading) {
	return func(r *reading.Reading) {
		r.Measurement, r.Window, r.Method, r.Device, r.BodySite = m, window, reading.ByHand, reading.DeviceRef{}, ""
	}
}

func retract(r reading.Reading) reading.Entry {
	at := r.Taken
	at.SinceBoot += 3 * time.Minute
	at.Wall = at.Wall.Add(3 * time.Minute)
	return reading.Entry{Retraction: &reading.Retraction{ID: retractionID, Of: r, Operator: "w-8", Taken: at}}
}

func later(c Context, d time.Duration) Context {
	c.Instant.Time, c.Sent = c.Instant.Time.Add(d), c.Sent.Add(d)
	if !c.Instant.NotAfter.IsZero() {
		c.Instant.NotAfter = c.Instant.NotAfter.Add(d)
	}
	return c
}

type golden struct {
	entry   reading.Entry
	context Context
}

// goldens are the Bundles that testdata/golden holds still.
func goldens() map[string]golden {
	c := testContext()
	practice := func(r *reading.Reading) { r.Practice = true }
	clinic := c
	clinic.Instant.Source, clinic.Software = clock.Clinic, ""
	never := unsynchronised(c)
	never.Instant.NotBefore, never.Instant.Uncertainty = time.Time{}, 0
	return map[string]golden{
		"bp":          {with(bpReading()), c},
		"bp-practice": {with(bpReading(), practice), c},
		"bp-only":     {with(bpReading(), func(r *reading.Reading) { r.Measurement, r.BodySite = bp(122, 78), reading.RightUpperArm }), c},
		"bp-mean": {with(bpReading(), func(r *reading.Reading) {
			r.Measurement, r.DerivedFrom, r.Device = bp(121, 77), []string{otherID, thirdID}, reading.DeviceRef{}
		}), c},
		"bp-absent": {with(bpReading(), func(r *reading.Reading) {
			r.Measurement, r.Absent, r.Note = vitals.BloodPressure{}, reading.AbsentError, "M06: cuff said 41/12 twice"
		}), c},
		"bp-systolic-only": {with(bpReading(), func(r *reading.Reading) {
			r.Measurement, r.Method, r.Device = vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(84))}, reading.ByHand, reading.DeviceRef{}
		}), c},
		"bp-irregular": {with(bpReading(), func(r *reading.Reading) {
			r.Flags, r.Questionable = vitals.IrregularPulse|vitals.BatteryLow, "irregular pulse: measure by hand"
		}), c},
		"bp-superseding":    {with(bpReading(), func(r *reading.Reading) { r.Supersedes = otherID }), c},
		"oximetry":          {with(oximetryReading()), c},
		"oximetry-practice": {with(oximetryReading(), practice), c},
		"oximetry-weak": {with(oximetryReading(), func(r *reading.Reading) {
			r.Questionable, r.Flags = "weak signal: perfusion index below 0.4 %", vitals.LowPerfusion
			r.Measurement = vitals.Oximetry{
				SpO2: vitals.Some(vitals.Percent(93)), Pulse: vitals.Some(vitals.PerMinute(104)), PI: vitals.Some(vitals.CentiPercent(35)),
			}
		}), c},
		"oximetry-pulse-only": {with(oximetryReading(), func(r *reading.Reading) {
			r.Measurement = vitals.Oximetry{Pulse: vitals.Some(vitals.PerMinute(61))}
		}), clinic},
		"oximetry-absent": {with(oximetryReading(), func(r *reading.Reading) {
			r.Measurement, r.Absent = vitals.Oximetry{Pulse: vitals.Some(vitals.PerMinute(188))}, reading.AbsentError
		}), c},
		"oximetry-not-performed": {with(oximetryReading(), func(r *reading.Reading) {
			r.Measurement, r.Absent, r.Note, r.Method = vitals.Oximetry{}, reading.AbsentNotPerformed, "hand injured", reading.ByHand
		}), c},
		"oximetry-unsynchronised": {with(oximetryReading()), unsynchronised(c)},
		"temperature-oral":        {with(temperatureReading(36800, vitals.Oral, vitals.Predicted)), c},
		"temperature-axillary":    {with(temperatureReading(37000, vitals.Axillary, vitals.Direct)), c},
		"temperature-manual": {with(temperatureReading(38450, vitals.Ear, ""), func(r *reading.Reading) {
			r.Method, r.Patient = reading.ByHand, reading.PatientRef{Type: reading.NationalNumber, Value: "3520100000001"}
		}), c},
		"temperature-never-synchronised": {with(temperatureReading(36650, "", vitals.Direct), func(r *reading.Reading) {
			r.Patient = reading.PatientRef{Type: reading.TemporaryID, Value: "bhu-kotaddu-01/T 7,b"}
		}), never},
		"respiration": {with(bpReading(), byHand(vitals.Respiration{Rate: vitals.Some(vitals.PerMinute(18))}, time.Minute)), c},
		"condition": {with(bpReading(), byHand(vitals.Condition{
			Consciousness: vitals.Confused, Breathing: vitals.Oxygen, Pregnancy: vitals.NotPregnant,
		}, 0)), c},
		"retraction":          {retract(bpReading()), later(c, 3*time.Minute)},
		"retraction-practice": {retract(*with(oximetryReading(), practice).Reading), later(unsynchronised(c), 3*time.Minute)},
	}
}
