package exam

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/drivers/vitals"
)

// Settings is how a site runs a visit.
type Settings struct {
	Rest     time.Duration `json:"rest"`     // seated, before the first inflation
	Gap      time.Duration `json:"gap"`      // from the end of one inflation to the start of the next
	Readings int           `json:"readings"` // blood pressures in a series, 1 to 3
	Practice bool          `json:"practice"` // training: every reading is marked so

	Steps  []Step            `json:"steps,omitempty"`  // what is measured, in order; empty is all of it in the usual order
	Urgent vitals.SiteLimits `json:"urgent,omitempty"` // the site's own; empty is the usual ones
}

// Defaults is what the clinical rules ask for: 5 min of rest, 60 s between inflations, three readings.
func Defaults() Settings { return Settings{Rest: 5 * time.Minute, Gap: time.Minute, Readings: 3} }

// Validate says what is wrong. Outside practice the gap is at least 60 s and the rest at least 1 min.
func (s Settings) Validate() error {
	var bad []error
	if s.Readings < 1 || s.Readings > 3 {
		bad = append(bad, fmt.Errorf("readings: %d: use 1 to 3", s.Readings))
	}
	if s.Rest < s.least() {
		bad = append(bad, fmt.Errorf("rest: %s: at least %s", s.Rest, s.least()))
	}
	if s.Gap < s.least() {
		bad = append(bad, fmt.Errorf("gap: %s: at least %s between inflations", s.Gap, s.least()))
	}
	for i, step := range s.Steps {
		if !slices.Contains(measuring[:], step) || slices.Contains(s.Steps[:i], step) {
			bad = append(bad, fmt.Errorf("steps: %q: use each of %v once, or leave it out", step, measuring))
		}
	}
	if err := s.Urgent.Check(); err != nil {
		bad = append(bad, fmt.Errorf("urgent limits: %w", err))
	}
	return errors.Join(bad...)
}

func (s Settings) least() time.Duration {
	if s.Practice {
		return 0
	}
	return time.Minute
}

// safe replaces what Validate refuses by the default, so that no visit runs on settings that hurt.
func (s Settings) safe() Settings {
	d := Defaults()
	if s.Readings < 1 || s.Readings > 3 {
		s.Readings = d.Readings
	}
	if s.Rest < s.least() {
		s.Rest = d.Rest
	}
	if s.Gap < s.least() {
		s.Gap = d.Gap
	}
	if (Settings{Rest: s.Rest, Gap: s.Gap, Readings: s.Readings, Practice: s.Practice, Steps: s.Steps}).Validate() != nil {
		s.Steps = nil
	}
	if s.Urgent.Check() != nil {
		s.Urgent = nil
	}
	return s
}
