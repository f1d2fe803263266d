package power

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/board"
)

// look is one that the policy takes, at a number of seconds.
type look struct {
	at        float64
	source    board.Source
	low       bool
	measuring bool
	asked     board.Press
}

func (l look) time() time.Time { return begin.Add(time.Duration(l.at * float64(time.Second))) }

func TestEnding(t *testing.T) {
	const m, b, none, off, again = board.Mains, board.Battery, board.NoPress, board.PowerOff, board.Restart
	for name, c := range map[string]struct {
		seen []look
		want string
	}{
		"on the mains":                       {[]look{{0, m, false, false, none}, {60, m, false, true, none}}, "go go"},
		"on battery the work goes on":        {[]look{{0, b, false, false, none}, {600, b, false, true, none}}, "go go"},
		"nobody knows what feeds it":         {[]look{{0, board.Unknown, false, false, none}}, "go"},
		"low, and nobody is measured":        {[]look{{0, b, true, false, none}, {7.9, b, true, false, none}, {8, b, true, false, none}}, "leaving leaving off"},
		"a measurement is finished":          {[]look{{0, b, true, true, none}, {100, b, true, true, none}, {101, b, true, false, none}, {109, b, true, false, none}}, "refuse refuse leaving off"},
		"one that does not end":              {[]look{{0, b, true, true, none}, {239, b, true, true, none}, {240, b, true, true, none}, {248, b, true, true, none}}, "refuse refuse leaving off"},
		"none begins while it leaves":        {[]look{{0, b, true, false, none}, {4, b, true, true, none}, {8, b, true, true, none}}, "leaving leaving off"},
		"the mains comes back in time":       {[]look{{0, b, true, false, none}, {4, m, true, false, none}, {60, m, true, false, none}}, "leaving refuse refuse"},
		"and the battery is charged":         {[]look{{0, b, true, false, none}, {4, m, true, false, none}, {3600, m, false, false, none}}, "leaving refuse go"},
		"back and away again":                {[]look{{0, b, true, false, none}, {4, m, true, false, none}, {5, b, true, false, none}, {13, b, true, false, none}}, "leaving refuse leaving off"},
		"low on the mains":                   {[]look{{0, m, true, false, none}}, "refuse"},
		"the button, nobody is measured":     {[]look{{0, m, false, false, off}, {8, m, false, false, none}}, "leaving off"},
		"the button, in a measurement":       {[]look{{0, m, false, true, off}, {50, m, false, false, none}, {58, m, false, false, none}}, "refuse leaving off"},
		"a restart":                          {[]look{{0, m, false, false, again}, {8, m, false, false, none}}, "leaving restart"},
		"the button wins over a low battery": {[]look{{0, b, true, false, again}, {8, b, true, false, none}}, "leaving restart"},
		"the mains does not undo the button": {[]look{{0, b, true, false, off}, {4, m, false, false, none}, {8, m, false, false, none}}, "leaving leaving off"},
	} {
		t.Run(name, func(t *testing.T) {
			var e Ending
			var got []string
			for _, l := range c.seen {
				v := e.See(State{Source: l.source, Low: l.low}, l.measuring, l.asked, l.time())
				got = append(got, cmp.Or(string(v), "go"))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

// TestEndingProperty: whatever happens, the box goes off only after the screen said so for a while, never on the mains unless a person asked, and never
// before a measurement had its time.
func TestEndingProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Watch
		var e Ending
		now, asked := begin, false
		var measured, said time.Time // since then
		for range rapid.IntRange(1, 200).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "ms")) * time.Millisecond)
			source := rapid.SampledFrom([]board.Source{board.Unknown, board.Mains, board.Battery, board.Battery}).Draw(t, "source")
			s := w.See(sighting{0, source, rapid.IntRange(flat, 40).Draw(t, "charge")}.power(), now)
			press := board.NoPress
			if rapid.IntRange(0, 40).Draw(t, "button") == 0 {
				press, asked = board.PowerOff, true
			}
			measuring := rapid.IntRange(0, 3).Draw(t, "measuring") > 0
			if measuring && measured.IsZero() {
				measured = now
			} else if !measuring {
				measured = time.Time{}
			}
			switch v := e.See(s, measuring, press, now); v {
			case Off, Restart:
				if !asked && s.Source != board.Battery {
					t.Fatalf("off on %q", s.Source)
				}
				if said.IsZero() || now.Sub(said) < leaveFor {
					t.Fatalf("off without a word")
				}
				return
			case Leaving:
				if said.IsZero() && measuring && !measured.IsZero() && now.Sub(e.since) < finishFor {
					t.Fatalf("it leaves in a measurement")
				}
				if said.IsZero() {
					said = now
				}
			case Go, Refuse:
				if said = (time.Time{}); v == Go && s.Low {
					t.Fatalf("low, and nothing is refused")
				}
			}
		}
	})
}
