package clock

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A reading of an earlier boot is repaired with that boot's own offset, whatever its wall clock said.
func TestResolve(t *testing.T) {
	st := state{
		Boots:   map[string]offset{"seven": {Zero: noon, Source: Clinic, Uncertainty: 80 * time.Millisecond}},
		Trusted: noon.Add(time.Hour),
	}
	now := Stamp{Boot: "nine", SinceBoot: time.Minute, Wall: noon.Add(3 * time.Hour), Source: NTP}
	cases := map[string]struct {
		stamp Stamp
		want  Instant
	}{
		"boot that learned the time later": {
			Stamp{Boot: "seven", SinceBoot: 90 * time.Second, Wall: time.Unix(90, 0), Source: None},
			Instant{Time: noon.Add(90 * time.Second), Source: Clinic, Uncertainty: 80 * time.Millisecond},
		},
		"boot that never learned it": {
			Stamp{Boot: "eight", SinceBoot: time.Second, Wall: time.Unix(1, 0), Source: None},
			Instant{
				Time: now.Wall, Source: None, Uncertainty: 2 * time.Hour,
				NotBefore: noon.Add(time.Hour), NotAfter: now.Wall,
			},
		},
		"forgotten boot whose own clock was right": {
			Stamp{Boot: "six", Wall: noon.Add(-time.Hour), Source: NTP, Uncertainty: time.Second},
			Instant{Time: noon.Add(-time.Hour), Source: NTP, Uncertainty: time.Second},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := resolve(c.stamp, now, st); got != c.want {
				t.Errorf("resolve(%v)\n got %+v\nwant %+v", c.stamp, got, c.want)
			}
		})
	}
}

func TestSyncSurvivesRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	c := open(t, path)
	past := Stamp{Boot: "earlier", SinceBoot: 10 * time.Second}
	if err := c.Sync(past, noon, Clinic, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(past, noon.Add(time.Hour), RTC, time.Minute); err != nil { // vaguer: must not replace
		t.Fatal(err)
	}
	got := open(t, path).Resolve(Stamp{Boot: "earlier", SinceBoot: 15 * time.Second})
	if want := noon.Add(5 * time.Second); !got.Time.Equal(want) || got.Source != Clinic {
		t.Errorf("after a restart: %v from %s, want %v from clinic", got.Time, got.Source, want)
	}
}

func TestForgetKeepsWhatWaits(t *testing.T) {
	c := open(t, filepath.Join(t.TempDir(), "clock.json"))
	for _, boot := range []string{"waiting", "drained"} {
		if err := c.Sync(Stamp{Boot: boot}, noon, Clinic, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Forget(map[string]bool{"waiting": true}); err != nil {
		t.Fatal(err)
	}
	if !c.Resolve(Stamp{Boot: "waiting"}).Synchronised() {
		t.Error("the offset of a boot with waiting items is gone")
	}
	if c.Resolve(Stamp{Boot: "drained", Source: None}).Synchronised() {
		t.Error("the offset of a drained boot is still kept")
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	if err := os.WriteFile(path, []byte(`{"boots":`), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if _, err := os.Stat(path + ".bad"); err != nil {
		t.Errorf("the damaged file was not kept for inspection: %v", err)
	}
}

func TestNowOrdersWithinABoot(t *testing.T) {
	c := open(t, filepath.Join(t.TempDir(), "clock.json"))
	a, b := c.Now(), c.Now()
	if d, same := b.Since(a); !same || d < 0 {
		t.Errorf("two stamps in a row: %v apart, same boot %v", d, same)
	}
}

func open(t *testing.T, path string) *Clock {
	t.Helper()
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
