package chart

import (
	"cmp"
	"slices"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
)

// Chart is what the record has of one patient.
type Chart struct {
	Patient   reading.PatientRef
	Visits    []Visit // newest first
	Older     bool    // there are more in the record
	Others    int     // Observations that no kiosk made
	Elsewhere int     // readings of kiosks that this doctor may not look at
}

// Visit are readings of one kiosk that lie close together.
type Visit struct {
	Kiosk string
	Rows  []Row // newest first
}

// Row is one reading.
type Row struct {
	fhir.Vital
	Superseded bool // a later one takes its place
	Urgent     bool // beyond the urgent limits, or the patient could not be measured
	Outside    bool // beyond the limits at which a reading is asked for again
}

// Stands says that the reading counts: it is neither withdrawn nor replaced.
func (r Row) Stands() bool { return !r.Retracted && !r.Superseded }

// sameVisit is how close readings of one visit lie.
const sameVisit = time.Hour

// Of makes a chart of Bundles of the record, in their order: of the same Observation the later one counts.
func Of(bundles [][]byte) (Chart, error) {
	var c Chart
	newest := map[string]fhir.Vital{}
	for _, b := range bundles {
		content, err := fhir.Read(b)
		if err != nil {
			return Chart{}, err
		}
		c.Others += content.Others
		if content.Patient != (reading.PatientRef{}) {
			c.Patient = content.Patient
		}
		for _, v := range content.Vitals {
			key := v.Kind + " " + v.Entry
			if old, known := newest[key]; !known || !old.Retracted {
				newest[key] = v
			}
		}
	}
	replaced := map[string]bool{}
	for _, v := range newest {
		if v.Replaces != "" && !v.Retracted {
			replaced[v.Kind+" "+v.Replaces] = true
		}
	}
	var rows []Row
	for key, v := range newest {
		rows = append(rows, rowOf(v, c.Patient, replaced[key]))
	}
	c.Visits = visitsOf(rows)
	return c, nil
}

// Only is the chart with the readings of the kiosks that may allows; the others are counted.
func (c Chart) Only(may func(kiosk string) bool) Chart {
	var shown []Visit
	for _, v := range c.Visits {
		if may(v.Kiosk) {
			shown = append(shown, v)
		} else {
			c.Elsewhere += len(v.Rows)
		}
	}
	c.Visits = shown
	return c
}

// Unread are those of the waiting Bundles that make up what the chart shows, by kiosk.
func (c Chart) Unread(all []Waiting) map[string][]string {
	shown := map[string]bool{}
	for _, v := range c.Visits {
		for _, r := range v.Rows {
			shown[r.Entry] = true
		}
	}
	by := map[string][]string{}
	for _, w := range all {
		if shown[w.ID] || shown[w.Of] {
			by[w.Kiosk] = append(by[w.Kiosk], w.ID)
		}
	}
	return by
}

func rowOf(v fhir.Vital, p reading.PatientRef, superseded bool) Row {
	r := Row{Vital: v, Superseded: superseded}
	band := vitals.UnknownAge
	if !v.Unsure {
		band = p.Band(v.Taken)
	}
	if m := v.Measurement(); m != nil {
		j := vitals.Judge(m, band)
		r.Urgent, r.Outside = j.Urgent, j.Soft || j.Hard
	}
	r.Urgent = r.Urgent || v.Absent == string(reading.AbsentError)
	return r
}

func visitsOf(rows []Row) (all []Visit) {
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(b.Taken.Compare(a.Taken), cmp.Compare(slices.Index(fhir.Kinds, a.Kind), slices.Index(fhir.Kinds, b.Kind)), cmp.Compare(b.Entry, a.Entry))
	})
	for _, r := range rows {
		i := slices.IndexFunc(all, func(v Visit) bool {
			last := v.Rows[len(v.Rows)-1]
			return v.Kiosk == r.Kiosk && last.Taken.Sub(r.Taken) <= sameVisit && last.Unsure == r.Unsure
		})
		if i < 0 {
			all = append(all, Visit{Kiosk: r.Kiosk})
			i = len(all) - 1
		}
		all[i].Rows = append(all[i].Rows, r)
	}
	return all
}
