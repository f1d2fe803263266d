package board

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	begin   = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	errGone = errors.New("no such device")
)

// glance is what is seen of a line at a number of milliseconds.
type glance struct {
	at     int
	active bool
	err    error
}

func (g glance) time() time.Time { return begin.Add(time.Duration(g.at) * time.Millisecond) }

func TestDebounce(t *testing.T) {
	for name, c := range map[string]struct {
		seen         []glance
		active, dead bool
		since        int
	}{
		"the first is believed":      {[]glance{{0, true, nil}}, true, false, 0},
		"too short":                  {[]glance{{0, false, nil}, {100, true, nil}, {299, true, nil}}, false, false, 0},
		"long enough":                {[]glance{{0, false, nil}, {100, true, nil}, {300, true, nil}}, true, false, 100},
		"a bounce begins it anew":    {[]glance{{0, false, nil}, {100, true, nil}, {250, false, nil}, {260, true, nil}, {400, true, nil}}, false, false, 0},
		"dead from the start":        {[]glance{{0, false, errGone}}, false, true, 0},
		"silent for a moment":        {[]glance{{0, true, nil}, {100, false, errGone}, {1099, false, errGone}}, true, false, 0},
		"silent for a second":        {[]glance{{0, true, nil}, {100, false, errGone}, {1100, false, errGone}}, true, true, 0},
		"it answers again":           {[]glance{{0, true, nil}, {100, false, errGone}, {1100, false, errGone}, {1200, true, nil}}, true, false, 0},
		"silence does not count on":  {[]glance{{0, false, nil}, {100, true, nil}, {200, false, errGone}, {250, true, nil}, {400, true, nil}}, false, false, 0},
		"nor does it believe faster": {[]glance{{0, false, errGone}, {50, true, nil}}, true, false, 50},
	} {
		t.Run(name, func(t *testing.T) {
			d := Debounce{For: 200 * time.Millisecond}
			var got Line
			for _, g := range c.seen {
				got = d.See(g.active, g.err, g.time())
			}
			if got.Active != c.active || got.Dead != c.dead || (!c.dead && !got.Since.Equal(glance{at: c.since}.time())) {
				t.Errorf("%+v; want active %t, dead %t, since %d ms", got, c.active, c.dead, c.since)
			}
		})
	}
}

// TestDebounceNeverFlutters: whatever is seen, two changes are never nearer than the debounce.
func TestDebounceNeverFlutters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Debounce{For: 200 * time.Millisecond}
		now, last := begin, Line{}
		for i := range rapid.IntRange(1, 300).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "ms")) * time.Millisecond)
			var err error
			if rapid.IntRange(0, 9).Draw(t, "answers") == 0 {
				err = errGone
			}
			got := d.See(rapid.Bool().Draw(t, "active"), err, now)
			if i > 0 && !last.Since.IsZero() && got.Active != last.Active && now.Sub(got.Since) < d.For {
				t.Fatalf("believed after %s", now.Sub(got.Since))
			}
			last = got
		}
	})
}

func TestButton(t *testing.T) {
	down, up := func(at int) glance { return glance{at, true, nil} }, func(at int) glance { return glance{at, false, nil} }
	for name, c := range map[string]struct {
		seen []glance
		want []Press
	}{
		"a touch is nothing":           {[]glance{up(0), down(100), up(250)}, nil},
		"a restart":                    {[]glance{up(0), down(100), down(350), up(500)}, []Press{Restart}},
		"a power-off, while held":      {[]glance{up(0), down(100), down(400), down(750), down(2000), up(3000)}, []Press{PowerOff}},
		"one that was noticed late":    {[]glance{up(0), down(100), up(900)}, []Press{PowerOff}},
		"two presses":                  {[]glance{up(0), down(100), up(500), down(1000), up(1400)}, []Press{Restart, Restart}},
		"stuck from the start":         {[]glance{down(0), down(5000)}, nil},
		"let go after it was stuck":    {[]glance{down(0), up(5000), down(6000), up(6400)}, []Press{Restart}},
		"gone while it was pressed":    {[]glance{up(0), down(100), {200, true, errGone}, {1300, true, errGone}, up(1400)}, nil},
		"again after a long power-off": {[]glance{up(0), down(100), down(900), up(1000), down(2000), up(2400)}, []Press{PowerOff, Restart}},
	} {
		t.Run(name, func(t *testing.T) {
			var d Debounce
			var b Button
			var got []Press
			for _, g := range c.seen {
				if p := b.See(d.See(g.active, g.err, g.time()), g.time()); p != NoPress {
					got = append(got, p)
				}
			}
			if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] || len(got) > 1 && got[1] != c.want[1] {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
