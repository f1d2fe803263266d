package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
)

// band is the patient's age band at the stamp. It is unknown when the clock is, when there is no birth date, and when an incomplete one
// leaves two bands open.
func band(birth string, at clock.Stamp) vitals.Band {
	if at.Source == clock.None || at.Source == "" {
		return vitals.UnknownAge
	}
	first, last, ok := bornBetween(birth)
	if !ok {
		return vitals.UnknownAge
	}
	now := at.Wall.UTC()
	oldest, youngest := vitals.BandOf(months(first, now)), vitals.BandOf(months(last, now))
	if now.Before(last) && !now.Before(first) {
		youngest = vitals.Infant // born between the start of that year or month and now
	}
	if oldest != youngest {
		return vitals.UnknownAge
	}
	return oldest
}

// bornBetween reads a FHIR date: the first and the last day that it may stand for.
func bornBetween(birth string) (first, last time.Time, ok bool) {
	if t, err := time.Parse(time.DateOnly, birth); err == nil {
		return t, t, true
	}
	if t, err := time.Parse("2006-01", birth); err == nil {
		return t, t.AddDate(0, 1, -1), true
	}
	if t, err := time.Parse("2006", birth); err == nil {
		return t, t.AddDate(1, 0, -1), true
	}
	return first, last, false
}

// months is the age in completed months, negative before birth.
func months(born, now time.Time) int {
	n := (now.Year()-born.Year())*12 + int(now.Month()) - int(born.Month())
	if now.Day() < born.Day() {
		n--
	}
	return n
}
