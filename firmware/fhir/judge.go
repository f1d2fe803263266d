package fhir

import (
	"strconv"
	"strings"

	"nabz/drivers/vitals"
)

// Measurement is what the vital measured, to be held against limits; nil when it has no number and no answer. A pulse is one whatever measured it.
func (v Vital) Measurement() vitals.Measurement {
	switch v.Kind {
	case "spo2":
		return vitals.Oximetry{SpO2: scaledAs[vitals.Percent](v, "", 0)}
	case "pulse":
		return vitals.Oximetry{Pulse: scaledAs[vitals.PerMinute](v, "", 0)}
	case "bp":
		return vitals.BloodPressure{Systolic: scaledAs[vitals.MmHg](v, "systolic", 0), Diastolic: scaledAs[vitals.MmHg](v, "diastolic", 0)}
	case "temp":
		return vitals.Temperature{Value: scaledAs[vitals.MilliCelsius](v, "", 3)}
	case "resp":
		return vitals.Respiration{Rate: scaledAs[vitals.PerMinute](v, "", 0)}
	case "acvpu":
		return vitals.Condition{Consciousness: vitals.Consciousness(v.Answer)}
	}
	return nil
}

func scaledAs[T ~int](v Vital, name string, places int) vitals.Maybe[T] {
	f, ok := v.Figures[name]
	if !ok {
		return vitals.Maybe[T]{}
	}
	n, ok := f.Value.scaled(places)
	if !ok {
		return vitals.Maybe[T]{}
	}
	return vitals.Some(T(n))
}

// scaled is the number times 10^places, further decimals cut off.
func (d Decimal) scaled(places int) (int, bool) {
	whole, decimals, _ := strings.Cut(string(d), ".")
	decimals = (decimals + strings.Repeat("0", places))[:places]
	n, err := strconv.Atoi(whole + decimals)
	return n, err == nil
}
