package fhir

import (
	"errors"
	"slices"

	"nabz/firmware/reading"
)

// patient is a Patient as far as the kiosk knows one: an identifier, and what the worker entered of sex and birth. No name.
type patient struct {
	ResourceType string       `json:"resourceType"`
	Meta         *meta        `json:"meta,omitempty"`
	Identifier   []identifier `json:"identifier,omitempty"`
	Gender       string       `json:"gender,omitempty"`
	BirthDate    string       `json:"birthDate,omitempty"`
}

func (*patient) kind() string                { return "Patient" }
func (p *patient) metadata() *meta           { return p.Meta }
func (p *patient) identifiers() []identifier { return p.Identifier }

var genders = []reading.Sex{reading.Female, reading.Male, reading.OtherSex, reading.UnknownSex}

// newPatient refuses an identifier that could not be found again. Its errors never show it.
func newPatient(p reading.PatientRef, base string, practice bool) (*patient, error) {
	path, ok := patientPaths[p.Type]
	switch {
	case !ok:
		return nil, errors.New("the patient's identifier is of no known type: use MR, MRT or NI")
	case !plainForm.MatchString(p.Value):
		return nil, errors.New("the patient's identifier is empty or has spaces that do not show: enter it again")
	case p.Type == reading.NationalNumber && !cnicForm.MatchString(p.Value):
		return nil, errors.New("the patient's national number is not 13 digits: enter it again")
	case p.Sex != "" && !slices.Contains(genders, p.Sex):
		return nil, errors.New("the patient's sex is none that FHIR knows")
	case p.Birth != "" && !validDate(p.Birth):
		return nil, errors.New("the patient's date of birth is no date: use 1984, 1984-05 or 1984-05-17")
	}
	id := identifier{System: base + path, Value: p.Value, Type: &concept{Coding: []coding{{System: idTypeSystem, Code: string(p.Type)}}}}
	return &patient{
		ResourceType: "Patient", Meta: newMeta(practice), Identifier: []identifier{id}, Gender: string(p.Sex), BirthDate: p.Birth,
	}, nil
}
