package fhir

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"nabz/firmware/reading"
)

// Content is what a Bundle says, as a person reads it: one that a kiosk sent, or what a server found.
type Content struct {
	Patient reading.PatientRef // the first one's; zero when there is none
	Vitals  []Vital            // in the order of the Bundle
	Others  int                // Observations that no kiosk made, or of a form that this version does not know
}

// Vital is one Observation.
type Vital struct {
	Entry        string  // whose Observation it is: {kiosk}-{entry id}
	Kiosk        string  //
	Kind         string  // "bp", "pulse", "spo2", "temp", "resp", "acvpu", "oxygen" or "pregnancy"
	Mean         bool    // of several readings
	Figures      Figures // its numbers; none when Answer or Absent says something
	Answer       string  // what was chosen, as vitals names it
	Absent       string  // FHIR's data-absent-reason
	Taken        time.Time
	From, Until  time.Time // when Taken is not to be trusted: between these it was; From may be zero
	Unsure       bool      // the kiosk's clock was not set: only From and Until are known
	ByHand       bool
	Device       string // what measured it: maker and model
	Site         string
	Method       string
	Questionable bool
	Retracted    bool
	Notes        []string
	Replaces     string // the entry that it takes the place of
}

// Figures are the numbers of a vital by what they are: "systolic", "diastolic", "mean", "pi", or empty for the one that has no other name.
type Figures map[string]Figure

// Figure is a number with its unit, both as they stand in the record.
type Figure struct {
	Value Decimal
	Unit  string // UCUM
}

// Kinds are those of Vital.Kind, in the order in which they are shown.
var Kinds = []string{"spo2", "pulse", "bp", "temp", "resp", "acvpu", "oxygen", "pregnancy"}

// figures by the LOINC code of a component.
var figures = map[string]string{
	"8480-6": "systolic", "8462-4": "diastolic", "8478-0": "mean", "96608-5": "systolic", "96609-3": "diastolic", "61006-3": "pi",
}

// PatientID is the identifier by which the record knows a patient.
func PatientID(base string, p reading.PatientRef) (Identifier, error) {
	who, err := newPatient(p, base, false)
	if err != nil {
		return Identifier{}, err
	}
	return first(who), nil
}

// Read reads a Bundle leniently: it has been recorded, and what this version does not understand is counted and left out. The error never
// shows anything of it.
func Read(b []byte) (Content, error) {
	var all struct {
		Entry []struct {
			FullURL  string          `json:"fullUrl"`
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if json.Unmarshal(b, &all) != nil {
		return Content{}, errors.New("read bundle: not JSON")
	}
	var c Content
	devices := map[string]string{}
	for _, e := range all.Entry {
		head, err := headOf(e.Resource)
		switch {
		case err != nil:
		case head.Kind == "Device":
			name := deviceName(e.Resource)
			devices[e.FullURL], devices["Device/"+head.ID] = name, name
		case head.Kind == "Patient" && c.Patient == reading.PatientRef{}:
			c.Patient = patientRef(e.Resource)
		}
	}
	for _, e := range all.Entry {
		head, err := headOf(e.Resource)
		if err != nil || head.Kind != "Observation" {
			continue
		}
		v, ok := vitalOf(e.Resource, devices)
		if !ok {
			c.Others++
			continue
		}
		c.Vitals = append(c.Vitals, v)
	}
	return c, nil
}

type kindAndID struct {
	Kind string `json:"resourceType"`
	ID   string `json:"id"`
}

func headOf(raw []byte) (h kindAndID, err error) {
	err = json.Unmarshal(raw, &h)
	return h, err
}

func deviceName(raw []byte) string {
	var d device
	if json.Unmarshal(raw, &d) != nil {
		return ""
	}
	return strings.TrimSpace(d.Manufacturer + " " + d.ModelNumber)
}

func patientRef(raw []byte) reading.PatientRef {
	var p patient
	if json.Unmarshal(raw, &p) != nil {
		return reading.PatientRef{}
	}
	for _, id := range p.Identifier {
		if id.Type == nil {
			continue
		}
		for _, kind := range []reading.IDType{reading.MedicalRecord, reading.TemporaryID, reading.NationalNumber} {
			if has(*id.Type, idTypeSystem, string(kind)) {
				return reading.PatientRef{Type: kind, Value: id.Value, Sex: reading.Sex(p.Gender), Birth: p.BirthDate}
			}
		}
	}
	return reading.PatientRef{}
}

// vitalOf reads an Observation; false when it is none of a kiosk, or has no time.
func vitalOf(raw []byte, devices map[string]string) (v Vital, ok bool) {
	var o observation
	if json.Unmarshal(raw, &o) != nil {
		return v, false
	}
	id := first(&o).Value
	at := strings.LastIndexByte(id, '.')
	if at < 0 {
		return v, false
	}
	f, known := formOf(id[at:], o.Code)
	whole := bundleIDForm.FindStringSubmatch(id[:at])
	taken, timed := parseTime(o.EffectiveDateTime)
	if !known || whole == nil || !timed {
		return v, false
	}
	v = Vital{
		Entry: whole[0], Kiosk: whole[1], Kind: id[at+1:], Mean: f.mean, Taken: taken, Retracted: o.Status == enteredInError,
		Questionable: slices.ContainsFunc(o.Interpretation, func(c concept) bool { return has(c, statusSystem, questionable.Code) }),
		ByHand:       o.Meta != nil && slices.ContainsFunc(o.Meta.Tag, func(c coding) bool { return c.Code == tagManual }),
	}
	v.values(&o, f)
	v.remarks(&o)
	if o.Device != nil {
		v.Device = devices[o.Device.Reference]
	}
	return v, true
}

// values takes the numbers, the answer, or the reason why there is none.
func (v *Vital) values(o *observation, f form) {
	v.Figures = Figures{}
	take := func(name string, a answer) {
		switch {
		case a.ValueQuantity != nil:
			v.Figures[name] = Figure{a.ValueQuantity.Value, a.ValueQuantity.Code}
		case a.DataAbsentReason != nil && len(a.DataAbsentReason.Coding) > 0:
			v.Absent = a.DataAbsentReason.Coding[0].Code
		case a.ValueCodeableConcept != nil:
			for key, c := range f.main.answers {
				if has(*a.ValueCodeableConcept, c.System, c.Code) {
					v.Answer = key
				}
			}
		}
	}
	take("", o.answer)
	for _, part := range o.Component {
		for _, c := range part.Code.Coding {
			if name := figures[c.Code]; c.System == loincSystem && name != "" {
				take(name, part.answer)
			}
		}
	}
}

// remarks takes what is said besides the number.
func (v *Vital) remarks(o *observation) {
	for _, n := range o.Note {
		v.Notes = append(v.Notes, n.Text)
	}
	for _, e := range o.Extension {
		switch {
		case strings.HasSuffix(e.URL, effectivePath) && e.ValuePeriod != nil:
			v.Unsure = true
			v.From, _ = parseTime(e.ValuePeriod.Start)
			v.Until, _ = parseTime(e.ValuePeriod.End)
		case e.URL == replacesURL && e.ValueReference != nil && e.ValueReference.Identifier != nil:
			v.Replaces, _, _ = strings.Cut(e.ValueReference.Identifier.Value, ".")
		}
	}
	v.Site, v.Method = textOf(o.BodySite), textOf(o.Method)
}

// textOf is what a concept is called.
func textOf(c *concept) string {
	switch {
	case c == nil:
		return ""
	case c.Text != "":
		return c.Text
	case len(c.Coding) > 0:
		return c.Coding[0].Display
	}
	return ""
}
