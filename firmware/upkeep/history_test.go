package upkeep

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"nabz/firmware/clock"
)

// lived is a run that began at a minute of a boot and ended so; an end of "" is none.
type lived struct {
	boot   string
	minute int
	end    End
	what   string
}

func TestTrouble(t *testing.T) {
	const a, b = "boot a", "boot b"
	for name, c := range map[string]struct {
		runs []lived
		now  lived
		want Trouble
	}{
		"the first run":               {nil, lived{boot: a}, Trouble{}},
		"a clean end":                 {[]lived{{a, 0, Clean, ""}}, lived{boot: a, minute: 5}, Trouble{}},
		"a power cut":                 {[]lived{{a, 0, "", ""}}, lived{boot: b}, Trouble{}},
		"switched off":                {[]lived{{a, 0, Switched, ""}}, lived{boot: b}, Trouble{}},
		"killed":                      {[]lived{{a, 0, "", ""}}, lived{boot: a, minute: 5}, Trouble{Restarts: 1, Last: "killed"}},
		"hung":                        {[]lived{{a, 0, Hung, "desk"}}, lived{boot: a, minute: 5}, Trouble{Restarts: 1, Last: "hung desk"}},
		"hung, and the box was reset": {[]lived{{a, 0, Hung, "desk"}}, lived{boot: b}, Trouble{Restarts: 1, Last: "hung desk"}},
		"hung before the last boot":   {[]lived{{a, 0, Hung, "desk"}, {b, 0, Clean, ""}}, lived{boot: b, minute: 5}, Trouble{}},
		"three in a quarter":          {[]lived{{a, 0, "", ""}, {a, 4, "", ""}, {a, 8, "", ""}}, lived{boot: a, minute: 12}, Trouble{Restarts: 3, Last: "killed", Looping: true}},
		"three in an hour":            {[]lived{{a, 0, "", ""}, {a, 20, "", ""}, {a, 40, "", ""}}, lived{boot: a, minute: 60}, Trouble{Restarts: 3, Last: "killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "runs.json")
			for _, r := range c.runs {
				h, err := Begin(path, "1", r.stamp())
				if err == nil && r.end != "" {
					err = h.Note(r.end, r.what)
				}
				if err == nil && r.end == Hung {
					err = h.Note(Clean) // it could still close itself: it hung all the same
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			h, err := Begin(path, "1", c.now.stamp())
			if err != nil {
				t.Fatal(err)
			}
			if got := h.Trouble(c.now.stamp()); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func (l lived) stamp() clock.Stamp {
	return clock.Stamp{Boot: l.boot, SinceBoot: time.Duration(l.minute) * time.Minute}
}

// TestHistoryIsKept: fifty runs, and a torn file is begun anew.
func TestHistoryIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.json")
	for i := range 60 {
		if _, err := Begin(path, "1", lived{boot: "a", minute: i}.stamp()); err != nil {
			t.Fatal(err)
		}
	}
	h, err := Begin(path, "1", lived{boot: "a", minute: 60}.stamp())
	if err != nil || len(h.Runs()) != keep {
		t.Fatalf("%d runs, %v", len(h.Runs()), err)
	}
	if err := os.WriteFile(path, []byte(`[{"began"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if h, err = Begin(path, "1", lived{boot: "a"}.stamp()); err != nil || len(h.Runs()) != 1 {
		t.Errorf("%d runs of a torn file, %v", len(h.Runs()), err)
	}
}
