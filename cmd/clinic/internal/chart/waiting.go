package chart

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"nabz/firmware/fhir"
	"nabz/firmware/reading"
)

// Waiting is a Bundle that no doctor has opened.
type Waiting struct {
	ID        string             `json:"id,omitempty"`
	Kiosk     string             `json:"kiosk"`
	Patient   reading.PatientRef `json:"patient"`
	Came      time.Time          `json:"came"`
	Taken     time.Time          `json:"taken"`
	Unsure    bool               `json:"unsure,omitempty"` // when it was taken is not known for sure
	Urgent    bool               `json:"urgent,omitempty"`
	Withdrawn bool               `json:"withdrawn,omitempty"` // it takes back what a doctor has opened
	Of        string             `json:"of,omitempty"`        // the entry that it takes back
}

// WaitingOf is what is to be known of a Bundle that has just been recorded.
func WaitingOf(bundle []byte, came time.Time) (Waiting, error) {
	c, err := fhir.Read(bundle)
	switch {
	case err != nil:
		return Waiting{}, err
	case len(c.Vitals) == 0:
		return Waiting{}, errors.New("nothing that a doctor reads")
	}
	w := Waiting{Kiosk: c.Vitals[0].Kiosk, Patient: c.Patient, Came: came, Taken: c.Vitals[0].Taken, Unsure: c.Vitals[0].Unsure}
	for _, v := range c.Vitals {
		w.Urgent = w.Urgent || rowOf(v, c.Patient, false).Urgent && !v.Retracted
		if v.Retracted {
			w.Withdrawn, w.Of = true, v.Entry
		}
	}
	return w, nil
}

// Encode is what the ledger keeps of it.
func (w Waiting) Encode() []byte {
	raw, err := json.Marshal(w)
	if err != nil {
		panic("chart: a plain struct does not encode") // cannot happen
	}
	return raw
}

// Only are those of the kiosks that may allows.
func Only(all []Waiting, may func(kiosk string) bool) []Waiting {
	return slices.DeleteFunc(all, func(w Waiting) bool { return !may(w.Kiosk) })
}

// Person is a patient who waits at a kiosk.
type Person struct {
	Kiosk     string
	Patient   reading.PatientRef
	Newest    string // the newest Bundle
	Count     int
	Since     time.Time // when the first of them came
	Taken     time.Time // when the newest was taken
	Unsure    bool
	Urgent    bool
	Withdrawn bool // something that was opened has been taken back
}

// ByNeed puts together what waits of one patient at one kiosk, the urgent ones first, and of equals who has waited longest.
func ByNeed(all []Waiting) []Person {
	by := map[string]*Person{}
	for _, w := range all {
		key := strings.Join([]string{w.Kiosk, string(w.Patient.Type), w.Patient.Value}, "\x00")
		p := by[key]
		if p == nil {
			p = &Person{Kiosk: w.Kiosk, Patient: w.Patient, Since: w.Came}
			by[key] = p
		}
		p.Count++
		p.Urgent, p.Withdrawn = p.Urgent || w.Urgent, p.Withdrawn || w.Withdrawn
		if w.Came.Before(p.Since) {
			p.Since = w.Came
		}
		if !w.Taken.Before(p.Taken) {
			p.Taken, p.Unsure, p.Newest = w.Taken, w.Unsure, w.ID
		}
	}
	var persons []Person
	for _, p := range by {
		persons = append(persons, *p)
	}
	slices.SortFunc(persons, func(a, b Person) int {
		if a.Urgent != b.Urgent {
			if a.Urgent {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Newest, b.Newest))
	})
	return persons
}
