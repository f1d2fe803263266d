package fhir

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"nabz/drivers/vitals"
)

// Decimal is a FHIR decimal as its text, so that 37.0 stays 37.0. It marshals as a bare JSON number.
type Decimal string

var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$`)

var errDecimal = errors.New("not a decimal number in plain notation")

// MarshalJSON writes the bare number; anything that is not plain decimal notation is an error.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if !decimalForm.MatchString(string(d)) {
		return nil, errDecimal
	}
	return []byte(d), nil
}

// UnmarshalJSON keeps the number's text. Exponents, strings and null are refused.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if !decimalForm.Match(b) {
		return errDecimal
	}
	*d = Decimal(b)
	return nil
}

// whole is a number without decimals.
func whole[T ~int](n T) Decimal { return Decimal(strconv.Itoa(int(n))) }

// fraction is n·10^-places without the zeros at its end, except the first decimal.
func fraction[T ~int](n T, places int) Decimal {
	s := strings.TrimRight(vitals.Decimal(int(n), places), "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return Decimal(s)
}
