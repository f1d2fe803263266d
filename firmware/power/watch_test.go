package power

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/board"
	"nabz/drivers/vitals"
)

var begin = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

// sighting is what is seen at a number of milliseconds; a charge below zero is unknown.
type sighting struct {
	at     int
	source board.Source
	charge int
}

// empty stands for a charge that only the battery's own line tells of, flat for a cell of too few volts.
const (
	empty = -2
	flat  = -3
)

func (s sighting) power() board.Power {
	p := board.Power{Source: s.source, Empty: s.charge == empty}
	switch {
	case s.charge >= 0:
		p.Charge = vitals.Some(vitals.Percent(s.charge))
	case s.charge == flat:
		p.CellMV = vitals.Some(lowCellMV - 1)
	}
	return p
}

func TestWatch(t *testing.T) {
	const m, b, u = board.Mains, board.Battery, board.Unknown
	for name, c := range map[string]struct {
		seen   []sighting
		source board.Source
		low    bool
	}{
		"nothing known":                      {[]sighting{{0, u, -1}, {9000, u, -1}}, u, false},
		"the first is believed at once":      {[]sighting{{0, b, 80}}, b, false},
		"a flicker of the mains":             {[]sighting{{0, m, 80}, {100, b, 80}, {300, m, 80}, {700, b, 80}}, m, false},
		"mains lost for half a second":       {[]sighting{{0, m, 80}, {100, b, 80}, {600, b, 80}}, b, false},
		"back for half a second":             {[]sighting{{0, b, 80}, {100, m, 80}, {600, m, 80}}, m, false},
		"a supply that does not answer":      {[]sighting{{0, m, 80}, {100, u, -1}, {9000, u, -1}}, m, false},
		"low once":                           {[]sighting{{0, b, 14}, {500, b, 16}, {1000, b, 14}, {1500, b, 14}}, b, false},
		"low three times":                    {[]sighting{{0, b, 14}, {500, b, 14}, {1000, b, 14}}, b, true},
		"fifteen is not low":                 {[]sighting{{0, b, 15}, {500, b, 15}, {1000, b, 15}}, b, false},
		"low on mains is charging":           {[]sighting{{0, m, 5}, {500, m, 5}, {1000, m, 5}}, m, false},
		"low, then mains fails":              {[]sighting{{0, m, 5}, {500, m, 5}, {1000, m, 5}, {1500, b, 5}, {2000, b, 5}}, b, true},
		"low stays until charged":            {[]sighting{{0, b, 5}, {500, b, 5}, {1000, b, 5}, {1500, m, 5}, {2000, m, 25}}, m, true},
		"low ends on mains with charge":      {[]sighting{{0, b, 5}, {500, b, 5}, {1000, b, 5}, {1500, m, 5}, {2000, m, 26}}, m, false},
		"low does not end on battery":        {[]sighting{{0, b, 5}, {500, b, 5}, {1000, b, 5}, {1500, b, 90}}, b, true},
		"gauge lost for a minute on battery": {[]sighting{{0, b, 80}, {30000, b, -1}, {60000, b, -1}}, b, true},
		"gauge lost for less":                {[]sighting{{0, b, 80}, {59999, b, -1}}, b, false},
		"gauge lost on mains":                {[]sighting{{0, m, 80}, {90000, m, -1}}, m, false},
		"gauge lost, then mains back":        {[]sighting{{0, b, 80}, {60000, b, -1}, {60100, m, -1}, {60600, m, -1}}, m, false},
		"the battery's line":                 {[]sighting{{0, b, empty}, {500, b, empty}, {1000, b, empty}}, b, true},
		"its flicker":                        {[]sighting{{0, b, empty}, {500, b, empty}, {1000, b, -1}, {1500, b, empty}}, b, false},
		"the line alone, mains back":         {[]sighting{{0, b, empty}, {500, b, empty}, {1000, b, empty}, {1500, m, empty}, {2000, m, empty}}, m, true},
		"the line is well again":             {[]sighting{{0, b, empty}, {500, b, empty}, {1000, b, empty}, {1500, m, -1}, {2000, m, -1}}, m, false},
		"too few volts":                      {[]sighting{{0, b, flat}, {500, b, flat}, {1000, b, flat}}, b, true},
		"told every other time":              {[]sighting{{0, b, 9}, {500, b, -1}, {1000, b, 9}, {1500, b, -1}, {2000, b, 9}}, b, true},
		"low, then the gauge is lost":        {[]sighting{{0, b, 5}, {500, b, 5}, {1000, b, 5}, {90000, m, -1}, {90500, m, -1}}, m, false},
		"no gauge":                           {[]sighting{{0, b, -1}, {600000, b, -1}}, b, false},
	} {
		t.Run(name, func(t *testing.T) {
			var w Watch
			var got State
			for _, s := range c.seen {
				got = w.See(s.power(), begin.Add(time.Duration(s.at)*time.Millisecond))
			}
			if got.Source != c.source || got.Low != c.low {
				t.Errorf("source %q, low %t; want %q, %t", got.Source, got.Low, c.source, c.low)
			}
		})
	}
}

// TestWatchNeverFlutters: whatever is seen, low begins only on battery and ends only on mains, and a source never changes for less than debounce.
func TestWatchNeverFlutters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Watch
		var before State
		now, seen := begin, []board.Source{board.Unknown, board.Mains, board.Battery}
		for range rapid.IntRange(1, 200).Draw(t, "sightings") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			s := sighting{0, rapid.SampledFrom(seen).Draw(t, "source"), rapid.IntRange(flat, 100).Draw(t, "charge")}
			after := w.See(s.power(), now)
			switch {
			case after.Low && !before.Low && after.Source != board.Battery:
				t.Fatalf("low on %q", after.Source)
			case !after.Low && before.Low && after.Source != board.Mains:
				t.Fatalf("not low any more on %q", after.Source)
			case after.Source != before.Source && before.Source != board.Unknown && now.Sub(after.Since) < debounce:
				t.Fatalf("%q after %s", after.Source, now.Sub(after.Since))
			}
			before = after
		}
	})
}
