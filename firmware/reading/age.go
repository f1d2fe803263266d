package reading

import (
	"time"

	"nabz/drivers/vitals"
)

// Band is the patient's age band at that time. It is unknown when there is no birth date, and when an incomplete one leaves two bands open.
func (p PatientRef) Band(at time.Time) vitals.Band {
	first, last, ok := p.BornBetween()
	if !ok {
		return vitals.UnknownAge
	}
	now := at.UTC()
	oldest, youngest := vitals.BandOf(Months(first, now)), vitals.BandOf(Months(last, now))
	if now.Before(last) && !now.Before(first) {
		youngest = vitals.Infant // born between the start of that year or month and now
	}
	if oldest != youngest {
		return vitals.UnknownAge
	}
	return oldest
}

// BornBetween reads the birth date: the first and the last day that it may stand for; false when there is none.
func (p PatientRef) BornBetween() (first, last time.Time, ok bool) {
	if t, err := time.Parse(time.DateOnly, p.Birth); err == nil {
		return t, t, true
	}
	if t, err := time.Parse("2006-01", p.Birth); err == nil {
		return t, t.AddDate(0, 1, -1), true
	}
	if t, err := time.Parse("2006", p.Birth); err == nil {
		return t, t.AddDate(1, 0, -1), true
	}
	return first, last, false
}

// Months is the age in completed months, negative before birth.
func Months(born, now time.Time) int {
	n := (now.Year()-born.Year())*12 + int(now.Month()) - int(born.Month())
	if now.Day() < born.Day() {
		n--
	}
	return n
}
