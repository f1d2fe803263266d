package chart

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/reading"
)

// encode encodes an entry as bhu-1 would, taken at that time.
func encode(t *testing.T, e reading.Entry, at clock.Instant) []byte {
	t.Helper()
	b, err := fhir.Encode(e, fhir.Context{Kiosk: "bhu-1", Base: fhirtest.Base, Software: "1", Zone: time.UTC, Sent: fhirtest.Taken.Add(48 * time.Hour), Instant: at})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func at(after time.Duration) clock.Instant {
	return clock.Instant{Time: fhirtest.Taken.Add(after), Source: clock.NTP}
}

// TestLateWordCounts: whatever comes first of a reading and its retraction, it is withdrawn.
func TestLateWordCounts(t *testing.T) {
	r := fhirtest.Reading(fhirtest.Oximetry, false)
	gone := fhirtest.Reading(fhirtest.Oximetry, false)
	bundles := [][]byte{
		encode(t, reading.Entry{Reading: &r}, at(0)),
		encode(t, reading.Entry{Retraction: &reading.Retraction{ID: gone.ID, Of: r, Operator: "w-7", Taken: r.Taken}}, at(time.Minute)),
	}
	for range 2 {
		c, err := Of(bundles)
		if err != nil || len(c.Visits) != 1 || len(c.Visits[0].Rows) != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		for _, row := range c.Visits[0].Rows {
			if !row.Retracted || row.Stands() {
				t.Errorf("%s stands", row.Kind)
			}
		}
		if trends := c.Trends(); trends != nil {
			t.Errorf("a withdrawn reading is in a curve: %+v", trends)
		}
		slices.Reverse(bundles)
	}
	w, err := WaitingOf(bundles[1], fhirtest.Taken)
	if err != nil || !w.Withdrawn || w.Urgent || w.Of != "bhu-1-"+r.ID {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestVisitsAndFlags: readings of an hour are one visit; limits are those of the patient's age; an unmeasurable patient is urgent; what the kiosk's clock
// did not know is told apart.
func TestVisitsAndFlags(t *testing.T) {
	infant := func(r *reading.Reading) {
		r.Patient = reading.PatientRef{Type: reading.MedicalRecord, Value: "1", Birth: "2026-08-01"}
	}
	rowOf := func(m vitals.Measurement, i clock.Instant, change ...func(*reading.Reading)) Row {
		t.Helper()
		r := fhirtest.Reading(m, false)
		for _, f := range change {
			f(&r)
		}
		c, err := Of([][]byte{encode(t, reading.Entry{Reading: &r}, i)})
		if err != nil {
			t.Fatal(err)
		}
		return c.Visits[0].Rows[0]
	}
	fever := vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(38_200)), Site: vitals.Axillary, Mode: vitals.Direct}
	if r := rowOf(fever, at(0)); r.Urgent || r.Outside {
		t.Errorf("a grown man of 38.2: %+v", r)
	}
	if r := rowOf(fever, at(0), infant); !r.Urgent {
		t.Errorf("an infant of 38.2: %+v", r)
	}
	if r := rowOf(vitals.Oximetry{}, at(0), func(r *reading.Reading) { r.Absent = reading.AbsentError }); !r.Urgent || r.Absent != "error" {
		t.Errorf("one who could not be measured: %+v", r)
	}
	unknown := clock.Instant{Time: fhirtest.Taken, NotAfter: fhirtest.Taken, Source: clock.None}
	if r := rowOf(fever, unknown); !r.Unsure || !r.Until.Equal(fhirtest.Taken) {
		t.Errorf("a clock that was never set: %+v", r)
	}
	var bundles [][]byte
	for _, after := range []time.Duration{0, 50 * time.Minute, 100 * time.Minute, 4 * time.Hour} {
		r := fhirtest.Reading(fhirtest.Temperature, false)
		bundles = append(bundles, encode(t, reading.Entry{Reading: &r}, at(after)))
	}
	c, err := Of(bundles)
	if err != nil || len(c.Visits) != 2 || len(c.Visits[0].Rows) != 1 || len(c.Visits[1].Rows) != 3 || !c.Visits[0].Rows[0].Taken.After(c.Visits[1].Rows[0].Taken) {
		t.Errorf("%d visits, %v", len(c.Visits), err)
	}
	if c := c.Only(func(string) bool { return false }); c.Visits != nil || c.Elsewhere != 4 {
		t.Errorf("of another region: %+v", c)
	}
	trends := c.Trends()
	if len(trends) != 1 || trends[0].Kind != "temp" || len(trends[0].Times) != 4 || !slices.IsSorted(trends[0].Times) || trends[0].Lines[0].High != 39.5 {
		t.Errorf("%+v", trends)
	}
}

// TestByNeed: an urgent patient never stands behind one who is not, who waits longer stands first among equals, and nobody is missing or there twice.
func TestByNeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Waiting
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			all = append(all, Waiting{
				ID: string(rune('a' + i)), Kiosk: rapid.SampledFrom([]string{"bhu-1", "bhu-2"}).Draw(t, "kiosk"),
				Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "patient")},
				Came:    fhirtest.Taken.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "came")) * time.Minute), Urgent: rapid.IntRange(0, 4).Draw(t, "urgent") == 0,
			})
		}
		persons := ByNeed(all)
		count, seen := 0, map[string]bool{}
		for i, p := range persons {
			count += p.Count
			key := p.Kiosk + p.Patient.Value
			if seen[key] {
				t.Fatalf("%s stands there twice", key)
			}
			seen[key] = true
			if i == 0 {
				continue
			}
			before := persons[i-1]
			if p.Urgent && !before.Urgent || p.Urgent == before.Urgent && p.Since.Before(before.Since) {
				t.Fatalf("%+v stands behind %+v", p, before)
			}
		}
		for _, w := range all {
			i := slices.IndexFunc(persons, func(p Person) bool { return p.Kiosk == w.Kiosk && p.Patient == w.Patient })
			if i < 0 || w.Urgent && !persons[i].Urgent || w.Came.Before(persons[i].Since) {
				t.Fatalf("%+v is not in %+v", w, persons)
			}
		}
		if count != len(all) {
			t.Fatalf("%d of %d", count, len(all))
		}
	})
}
