package reading

import (
	"strings"
	"testing"
)

func TestNormal(t *testing.T) {
	cases := map[string]struct {
		in   PatientRef
		want string // the value; "" is refused
	}{
		"record number":               {PatientRef{Type: MedicalRecord, Value: " 000123 ", Sex: Female, Birth: "1984-05"}, "000123"},
		"record number with parts":    {PatientRef{Type: MedicalRecord, Value: "BHU/2026-17.b"}, "BHU/2026-17.b"},
		"temporary":                   {PatientRef{Type: TemporaryID, Value: "t-17"}, "t-17"},
		"CNIC with dashes":            {PatientRef{Type: NationalNumber, Value: "12345-1234567-1"}, "1234512345671"},
		"CNIC without":                {PatientRef{Type: NationalNumber, Value: "1234512345671"}, "1234512345671"},
		"CNIC too short":              {PatientRef{Type: NationalNumber, Value: "12345-123456-1"}, ""},
		"nothing":                     {PatientRef{Type: MedicalRecord, Value: "  "}, ""},
		"blank inside":                {PatientRef{Type: MedicalRecord, Value: "000 123"}, ""},
		"bar, which FHIR search eats": {PatientRef{Type: MedicalRecord, Value: "0|1"}, ""},
		"no type":                     {PatientRef{Value: "000123"}, ""},
		"unknown sex":                 {PatientRef{Type: MedicalRecord, Value: "1", Sex: "f"}, ""},
		"birth as people write it":    {PatientRef{Type: MedicalRecord, Value: "1", Birth: "17/05/1984"}, ""},
		"birth that is no day":        {PatientRef{Type: MedicalRecord, Value: "1", Birth: "1984-02-31"}, ""},
		"birth in another century":    {PatientRef{Type: MedicalRecord, Value: "1", Birth: "0184"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.in.Normal()
			if (err != nil) != (c.want == "") || err == nil && got.Value != c.want {
				t.Errorf("%q, %v; want %q", got.Value, err, c.want)
			}
			if err != nil && strings.TrimSpace(c.in.Value) != "" && strings.Contains(err.Error(), c.in.Value) && len(c.in.Value) > 3 {
				t.Errorf("the error shows what was typed: %v", err)
			}
		})
	}
}

func TestCheckOperator(t *testing.T) {
	for id, good := range map[string]bool{"w-7": true, "": false, "two words": false, strings.Repeat("x", 21): false} {
		if err := CheckOperator(id); (err == nil) != good {
			t.Errorf("%q: %v", id, err)
		}
	}
}
