package fhir

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// ErrTime is a time before 2020, or none: the clock was never set. Wait until it is and encode again.
var ErrTime = errors.New("time lies before 2020: wait until the clock is set")

const firstYear = 2020

const (
	secondsForm = "2006-01-02T15:04:05-07:00"
	millisForm  = "2006-01-02T15:04:05.000-07:00"
)

var (
	dateTimeForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
	dateLayouts  = []string{"2006", "2006-01", "2006-01-02"}
)

// moments are an Observation's times: when it was taken, as far as that is known, and when this version of it came about.
type moments struct {
	taken  clock.Instant
	issued time.Time
}

// momentsOf places an entry in time. The Context's instant belongs to the entry itself; what a retraction retracts was taken earlier, at
// a distance that is known when both are of one boot. Across boots its own stamp counts if its clock was set, and otherwise only that it
// came before the retraction.
func momentsOf(e reading.Entry, c Context) (moments, error) {
	m := moments{taken: c.Instant, issued: c.Instant.Time}
	if e.Retraction != nil {
		m.taken = earlier(c.Instant, e.Retraction.Taken, e.Retraction.Of.Taken)
	}
	if m.taken.Time.After(m.issued) {
		m.issued = m.taken.Time
	}
	switch {
	case !plausible(m.taken.Time):
		return m, fmt.Errorf("time of the measurement: %w", ErrTime)
	case !plausible(c.Sent):
		return m, fmt.Errorf("time of sending: %w", ErrTime)
	case !plausible(m.taken.NotBefore):
		m.taken.NotBefore = time.Time{}
	}
	return m, nil
}

func plausible(t time.Time) bool { return t.UTC().Year() >= firstYear }

func earlier(now clock.Instant, retracted, taken clock.Stamp) clock.Instant {
	if ago, same := retracted.Since(taken); same {
		back := max(ago, 0)
		i := clock.Instant{Time: now.Time.Add(-back), Source: now.Source, Uncertainty: now.Uncertainty}
		if !now.NotBefore.IsZero() {
			i.NotBefore = now.NotBefore.Add(-back)
		}
		if !now.NotAfter.IsZero() {
			i.NotAfter = now.NotAfter.Add(-back)
		}
		return i
	}
	if taken.Source != clock.None {
		return clock.Instant{Time: taken.Wall, Source: taken.Source, Uncertainty: taken.Uncertainty}
	}
	return clock.Instant{Time: now.Time, Source: clock.None, NotAfter: now.Time}
}

// bounds is the extension that says between which instants a reading of an unsynchronised boot was taken; nil when the time is known.
func bounds(i clock.Instant, base string, zone *time.Location) []extension {
	if i.Synchronised() {
		return nil
	}
	p := &period{End: atMost(i).In(zone).Format(millisForm)}
	if !i.NotBefore.IsZero() {
		p.Start = i.NotBefore.In(zone).Format(millisForm)
	}
	return []extension{{URL: base + effectivePath, ValuePeriod: p}}
}

// atMost is the upper bound; an instant without one is its own.
func atMost(i clock.Instant) time.Time {
	if i.NotAfter.IsZero() {
		return i.Time
	}
	return i.NotAfter
}

// timeRemark says the same in words; empty when the time is known.
func timeRemark(i clock.Instant, zone *time.Location) string {
	end := atMost(i).In(zone).Format(secondsForm)
	switch {
	case i.Synchronised():
		return ""
	case i.NotBefore.IsZero():
		return "Kiosk clock not synchronised: time unknown, taken before " + end + "."
	}
	seconds := (i.Uncertainty + time.Second - 1) / time.Second
	return fmt.Sprintf("Kiosk clock not synchronised: time ±%d s, taken between %s and %s.",
		int64(seconds), i.NotBefore.In(zone).Format(secondsForm), end)
}

// parseTime reads a FHIR dateTime or instant that has an offset and lies after 2020 began; false otherwise.
func parseTime(s string) (time.Time, bool) {
	if !dateTimeForm.MatchString(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil && plausible(t)
}

// validDate says whether s is a FHIR date: a year, a month or a day.
func validDate(s string) bool {
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, s); err == nil && len(s) == len(layout) {
			return true
		}
	}
	return false
}
