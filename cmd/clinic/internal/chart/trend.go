package chart

import (
	"slices"
	"strconv"

	"nabz/drivers/vitals"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
)

// Trend is one kind of reading over time, as a curve's points: spot values, between which nothing is known.
type Trend struct {
	Kind   string  `json:"kind"`
	Unit   string  `json:"unit"` // as people write it
	Times  []int64 `json:"times"`
	Lines  []Line  `json:"lines"`
	Doubt  []bool  `json:"doubt"`  // questionable
	Unsure []bool  `json:"unsure"` // the kiosk's clock was not set
}

// Line is one number of a kind.
type Line struct {
	Name   string     `json:"name"`   // "systolic", "diastolic", or empty
	Values []*float64 `json:"values"` // null: that reading has none
	Low    float64    `json:"low"`    // limits: beyond them a reading is asked for again
	High   float64    `json:"high"`
}

// curve is one line: its name, its limits, and how many of their steps make one of its own.
type curve struct {
	name  string
	limit vitals.Quantity
	steps float64
}

// curves are what is drawn, in this order.
var curves = []struct {
	kind, unit string
	lines      []curve
}{
	{"spo2", "%", []curve{{"", vitals.Saturation, 1}}},
	{"pulse", "/min", []curve{{"", vitals.Pulse, 1}}},
	{"bp", "mmHg", []curve{{"systolic", vitals.Systolic, 1}, {"diastolic", vitals.Diastolic, 1}}},
	{"temp", "°C", []curve{{"", vitals.Celsius, 1000}}},
	{"resp", "/min", []curve{{"", vitals.Breaths, 1}}},
}

// Trends are the curves of the readings that stand. The limits are those of the patient's age at the newest of them.
func (c Chart) Trends() (all []Trend) {
	var rows []Row
	for _, v := range c.Visits {
		rows = append(rows, v.Rows...)
	}
	rows = slices.DeleteFunc(rows, func(r Row) bool { return !r.Stands() || len(r.Figures) == 0 || r.Mean })
	slices.SortStableFunc(rows, func(a, b Row) int { return a.Taken.Compare(b.Taken) })
	if len(rows) == 0 {
		return nil
	}
	band := band(c.Patient, rows[len(rows)-1])
	for _, k := range curves {
		t := Trend{Kind: k.kind, Unit: k.unit}
		for _, l := range k.lines {
			limit := vitals.Soft[band][l.limit]
			t.Lines = append(t.Lines, Line{Name: l.name, Low: float64(limit.Low) / l.steps, High: float64(limit.High) / l.steps})
		}
		for _, r := range rows {
			if r.Kind == k.kind {
				t.add(r)
			}
		}
		if len(t.Times) > 0 {
			all = append(all, t)
		}
	}
	return all
}

func band(p reading.PatientRef, r Row) vitals.Band {
	if r.Unsure {
		return vitals.UnknownAge
	}
	return p.Band(r.Taken)
}

func (t *Trend) add(r Row) {
	t.Times = append(t.Times, r.Taken.Unix())
	t.Doubt, t.Unsure = append(t.Doubt, r.Questionable), append(t.Unsure, r.Unsure)
	for i := range t.Lines {
		t.Lines[i].Values = append(t.Lines[i].Values, number(r.Figures, t.Lines[i].Name))
	}
}

func number(f fhir.Figures, name string) *float64 {
	figure, ok := f[name]
	if !ok {
		return nil
	}
	v, err := strconv.ParseFloat(string(figure.Value), 64)
	if err != nil {
		return nil
	}
	return &v
}
