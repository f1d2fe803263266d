package touch

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// panels are the sizes of screens.md.
var panels = [][2]int64{{800, 480}, {1024, 600}, {1280, 800}, {720, 1280}}

// TestWholeVisitByTouch takes a new patient and then, on each panel, the same one again through a visit, in each language. A known patient takes nine
// touches at most, and no rule of the page's policy is broken.
func TestWholeVisitByTouch(t *testing.T) {
	t.Parallel() // what it runs waits for its own devices
	for _, lang := range []string{"ur", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := newKiosk(t, false)
			f := newFinger(t, k.url, panels[0][0], panels[0][1])
			f.signIn(lang)
			f.newPatient()
			f.measured(lang+"-new", func(string) {})
			for _, size := range panels {
				f.turn(size)
				f.known(fmt.Sprintf("%s-%dx%d", lang, size[0], size[1]))
			}
			if away := js[[]string](f, `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin + "/"))`); len(away) > 0 {
				t.Errorf("requests left the kiosk: %v", away)
			}
			if broken := js[[]string](f, "broken"); len(broken) > 0 {
				t.Errorf("the page's policy was broken: %v", broken)
			}
			if got := js[string](f, "document.documentElement.lang"); got != lang {
				t.Errorf("the page is in %q", got)
			}
		})
	}
}

// known takes the patient who was here before through a visit, from the end of the visit before.
func (f *finger) known(name string) {
	f.Helper()
	f.taps, f.waited = 0, 0
	f.touch("start")
	f.sees("identify")
	f.touch("recent 123")
	f.sees("confirm")
	f.touch("next")
	f.measured(name, func(screen string) {
		if over := js[int](f, "document.documentElement.scrollHeight - innerHeight"); over > 0 {
			f.Errorf("%s: %s is %d px too high", name, screen, over)
		}
	})
	cards := js[[]string](f, `[...document.querySelectorAll(".card .value")].map((e) => e.innerText.replace(/\s/g, " "))`)
	if want := []string{"122/78 mmHg", "97 %", "72 /min", "36.8 °C"}; !slices.Equal(cards, want) {
		f.Errorf("%s: saved %q, want %q", name, cards, want)
	}
	if f.taps > 9 {
		f.Errorf("%s: a known patient takes %d touches, want 9 at most", name, f.taps)
	}
	// A touch takes a practised hand about a second and a half (to look, reach and touch); the rest is the kiosk's, and the machine's that runs this.
	hand := time.Duration(f.taps) * 1500 * time.Millisecond
	f.Logf("%s: %d touches for a known patient: %s of the hand, %s until the kiosk answered", name, f.taps, hand, f.waited)
}
