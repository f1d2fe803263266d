package vitals

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// MmHg is a pressure in millimetres of mercury (UCUM mm[Hg]).
type MmHg int

// Percent is a whole per cent, as an oximeter shows oxygen saturation (UCUM %).
type Percent int

// CentiPercent is a hundredth of a per cent: the resolution of a perfusion index. 420 is 4.20 %.
type CentiPercent int

// PerMinute is a rate in events per minute (UCUM /min).
type PerMinute int

// MilliCelsius is a temperature in thousandths of a degree Celsius. 36800 is 36.8 °C.
type MilliCelsius int

// Pleth is one sample of a plethysmogram on the device's own scale; it has no unit and says nothing about pulse strength.
type Pleth uint16

func (v MmHg) String() string         { return strconv.Itoa(int(v)) + " mmHg" }
func (v Percent) String() string      { return strconv.Itoa(int(v)) + " %" }
func (v CentiPercent) String() string { return Decimal(int(v), 2) + " %" }
func (v PerMinute) String() string    { return strconv.Itoa(int(v)) + " /min" }
func (v MilliCelsius) String() string { return Decimal(int(v), 3) + " °C" }

// Decimal writes n·10^-places exactly, without a float in between, keeping trailing zeros: Decimal(36800, 3) is "36.800".
func Decimal(n, places int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	scale := 1
	for range places {
		scale *= 10
	}
	if places == 0 {
		return sign + strconv.Itoa(n)
	}
	return fmt.Sprintf("%s%d.%0*d", sign, n/scale, places, n%scale)
}

// Maybe is a number that may be missing. Its zero value is missing, so that no forgotten field can read as a measured zero.
// In JSON a missing number is left out with the omitzero option.
type Maybe[T any] struct {
	value T
	known bool
}

// Some is a number that is there.
func Some[T any](v T) Maybe[T] { return Maybe[T]{value: v, known: true} }

// Get returns the number and whether there is one.
func (m Maybe[T]) Get() (T, bool) { return m.value, m.known }

// Known says whether there is a number.
func (m Maybe[T]) Known() bool { return m.known }

// IsZero says that there is no number; encoding/json's omitzero asks for it.
func (m Maybe[T]) IsZero() bool { return !m.known }

// String is the number with its unit, or "--".
func (m Maybe[T]) String() string {
	if !m.known {
		return "--"
	}
	return fmt.Sprint(m.value)
}

// MarshalJSON writes the bare number, or null.
func (m Maybe[T]) MarshalJSON() ([]byte, error) {
	if !m.known {
		return []byte("null"), nil
	}
	return json.Marshal(m.value)
}

// UnmarshalJSON reads a bare number; null is missing.
func (m *Maybe[T]) UnmarshalJSON(b []byte) error {
	*m = Maybe[T]{}
	if string(b) == "null" {
		return nil
	}
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*m = Some(v)
	return nil
}
