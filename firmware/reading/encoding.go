package reading

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
)

// Entry is one payload of the queue: exactly one of its members is set.
type Entry struct {
	Reading    *Reading
	Retraction *Retraction
}

// ID is the entry's own id: the id under which it is queued, sent and receipted.
func (e Entry) ID() string {
	if e.Retraction != nil {
		return e.Retraction.ID
	}
	return e.Reading.ID
}

// Taken is when the entry came about.
func (e Entry) Taken() clock.Stamp {
	if e.Retraction != nil {
		return e.Retraction.Taken
	}
	return e.Reading.Taken
}

// version is the form that Encode writes. Decode reads this and every earlier one.
const version = 1

type entryForm struct {
	Version    int             `json:"v"`
	Reading    *form           `json:"reading,omitempty"`
	Retraction *retractionForm `json:"retraction,omitempty"`
}

type retractionForm struct {
	ID       string      `json:"id"`
	Of       form        `json:"of"`
	Operator string      `json:"operator"`
	Taken    clock.Stamp `json:"taken"`
}

type form struct {
	ID           string                `json:"id"`
	Visit        string                `json:"visit"`
	Practice     bool                  `json:"practice,omitempty"`
	Patient      PatientRef            `json:"patient"`
	Operator     string                `json:"operator"`
	Device       DeviceRef             `json:"device,omitzero"`
	BP           *vitals.BloodPressure `json:"bloodPressure,omitempty"`
	Oximetry     *vitals.Oximetry      `json:"oximetry,omitempty"`
	Temperature  *vitals.Temperature   `json:"temperature,omitempty"`
	Respiration  *vitals.Respiration   `json:"respiration,omitempty"`
	Condition    *vitals.Condition     `json:"condition,omitempty"`
	Flags        vitals.Flags          `json:"flags,omitzero"`
	Method       Method                `json:"method"`
	Absent       Absent                `json:"absent,omitempty"`
	Questionable string                `json:"questionable,omitempty"`
	Note         string                `json:"note,omitempty"`
	Window       time.Duration         `json:"window,omitempty"`
	BodySite     BodySite              `json:"bodySite,omitempty"`
	Evidence     string                `json:"evidence,omitempty"`
	Taken        clock.Stamp           `json:"taken"`
	Supersedes   string                `json:"supersedes,omitempty"`
	DerivedFrom  []string              `json:"derivedFrom,omitempty"`
}

// Encode returns the stable form: the same entry gives the same bytes.
func (e Entry) Encode() ([]byte, error) {
	f := entryForm{Version: version}
	var err error
	switch {
	case e.Reading != nil && e.Retraction == nil:
		f.Reading, err = toForm(*e.Reading)
	case e.Retraction != nil && e.Reading == nil:
		var of *form
		if of, err = toForm(e.Retraction.Of); err == nil {
			f.Retraction = &retractionForm{ID: e.Retraction.ID, Of: *of, Operator: e.Retraction.Operator, Taken: e.Retraction.Taken}
		}
	default:
		err = errors.New("an entry is a reading or a retraction")
	}
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return json.Marshal(f)
}

// Decode reads what Encode wrote. Its errors never quote the payload.
func Decode(b []byte) (Entry, error) {
	var f entryForm
	if err := json.Unmarshal(b, &f); err != nil {
		return Entry{}, errors.New("decode entry: not the form this version knows")
	}
	if f.Version != version {
		return Entry{}, fmt.Errorf("decode entry: form %d, this version knows %d: update the kiosk", f.Version, version)
	}
	switch {
	case f.Reading != nil:
		r, err := fromForm(*f.Reading)
		return Entry{Reading: &r}, err
	case f.Retraction != nil:
		of, err := fromForm(f.Retraction.Of)
		t := f.Retraction
		return Entry{Retraction: &Retraction{ID: t.ID, Of: of, Operator: t.Operator, Taken: t.Taken}}, err
	}
	return Entry{}, errors.New("decode entry: neither reading nor retraction")
}

// MarshalJSON writes the stable form of one reading.
func (r Reading) MarshalJSON() ([]byte, error) {
	f, err := toForm(r)
	if err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads the stable form of one reading.
func (r *Reading) UnmarshalJSON(b []byte) error {
	var f form
	if err := json.Unmarshal(b, &f); err != nil {
		return errors.New("decode reading: not the form this version knows")
	}
	got, err := fromForm(f)
	*r = got
	return err
}

func toForm(r Reading) (*form, error) {
	f := form{
		ID: r.ID, Visit: r.Visit, Practice: r.Practice, Patient: r.Patient, Operator: r.Operator, Device: r.Device, Flags: r.Flags,
		Method: r.Method, Absent: r.Absent, Questionable: r.Questionable, Note: r.Note, Window: r.Window, BodySite: r.BodySite, Evidence: r.Evidence,
		Taken: r.Taken, Supersedes: r.Supersedes, DerivedFrom: r.DerivedFrom,
	}
	switch m := r.Measurement.(type) {
	case vitals.BloodPressure:
		f.BP = &m
	case vitals.Oximetry:
		m.Pleth = vitals.Maybe[vitals.Pleth]{}
		f.Oximetry = &m
	case vitals.Temperature:
		f.Temperature = &m
	case vitals.Respiration:
		f.Respiration = &m
	case vitals.Condition:
		f.Condition = &m
	default:
		return nil, fmt.Errorf("reading %s has no measurement", r.ID)
	}
	return &f, nil
}

func fromForm(f form) (Reading, error) {
	r := Reading{
		ID: f.ID, Visit: f.Visit, Practice: f.Practice, Patient: f.Patient, Operator: f.Operator, Device: f.Device, Flags: f.Flags,
		Method: f.Method, Absent: f.Absent, Questionable: f.Questionable, Note: f.Note, Window: f.Window, BodySite: f.BodySite, Evidence: f.Evidence,
		Taken: f.Taken, Supersedes: f.Supersedes, DerivedFrom: f.DerivedFrom,
	}
	switch {
	case f.BP != nil:
		r.Measurement = *f.BP
	case f.Oximetry != nil:
		r.Measurement = *f.Oximetry
	case f.Temperature != nil:
		r.Measurement = *f.Temperature
	case f.Respiration != nil:
		r.Measurement = *f.Respiration
	case f.Condition != nil:
		r.Measurement = *f.Condition
	default:
		return r, fmt.Errorf("decode reading %s: no measurement", f.ID)
	}
	return r, nil
}
