package reading

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

var (
	idForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$`)
	cnicForm     = regexp.MustCompile(`^[0-9]{5}-?[0-9]{7}-?[0-9]$`)
	operatorForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,20}$`)
)

// Normal returns the identifier in the form that the record uses: blanks around it removed, a CNIC without dashes. What the record could not
// take is an error now, while the worker can still mend it, and not when the reading is sent. Errors never show what was typed.
func (p PatientRef) Normal() (PatientRef, error) {
	p.Value, p.Birth = strings.TrimSpace(p.Value), strings.TrimSpace(p.Birth)
	switch p.Type {
	case MedicalRecord, TemporaryID:
		if !idForm.MatchString(p.Value) {
			return p, errors.New("the record number is 1 to 40 letters, digits and . / _ -: type it again")
		}
	case NationalNumber:
		if !cnicForm.MatchString(p.Value) {
			return p, errors.New("a CNIC has 13 digits, such as 12345-1234567-1: type it again")
		}
		p.Value = strings.ReplaceAll(p.Value, "-", "")
	default:
		return p, fmt.Errorf("the identifier's type is %s, %s or %s", MedicalRecord, TemporaryID, NationalNumber)
	}
	switch p.Sex {
	case "", Female, Male, OtherSex, UnknownSex:
	default:
		return p, errors.New("the sex is female, male, other or unknown")
	}
	if p.Birth != "" && !isDate(p.Birth) {
		return p, errors.New("the date of birth is a year, such as 1984, or 1984-05, or 1984-05-17")
	}
	return p, nil
}

// isDate says whether s is a FHIR date of the last and this century: a year, a month or a day.
func isDate(s string) bool {
	for _, form := range []string{"2006", "2006-01", time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Year() >= 1900 && t.Year() < 2100
		}
	}
	return false
}

// CheckOperator says what is wrong with a worker's id, or nil.
func CheckOperator(id string) error {
	if !operatorForm.MatchString(id) {
		return errors.New("the worker's id is 1 to 20 letters, digits and -: sign in again")
	}
	return nil
}
