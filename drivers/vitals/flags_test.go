package vitals

import (
	"encoding/json"
	"math/bits"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryFlagHasItsOwnName(t *testing.T) {
	if n := bits.TrailingZeros64(uint64(endOfFlags)); n != len(flagNames) {
		t.Fatalf("%d flags, %d names", n, len(flagNames))
	}
	for f := Flags(1); f < endOfFlags; f <<= 1 {
		names := f.Names()
		if len(names) != 1 || names[0] == "" {
			t.Errorf("flag %#x has the names %q", uint64(f), names)
			continue
		}
		if back, ok := ParseFlag(names[0]); back != f || !ok {
			t.Errorf("%s is read as %v", names[0], back)
		}
	}
}

func TestFlagsInJSON(t *testing.T) {
	for want, f := range map[string]Flags{
		`[]`:                           0,
		`["no-finger"]`:                NoFinger,
		`["sensor-off","stale"]`:       SensorOff | Stale,
		`["battery-low","cuff-loose"]`: CuffLoose | BatteryLow,
	} {
		raw, err := json.Marshal(f)
		if string(raw) != want || err != nil {
			t.Errorf("wrote %s (%v), want %s", raw, err, want)
		}
		back := Hardware // must go
		if err := json.Unmarshal(raw, &back); err != nil || back != f {
			t.Errorf("%s: read %v (%v)", want, back, err)
		}
	}
}

func TestFlagsRefuse(t *testing.T) {
	for _, text := range []string{`["no-finger","finger"]`, `["No-Finger"]`, `[""]`, `"no-finger"`, `7`, `[1]`} {
		var f Flags
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s was read as %v", text, f)
		}
	}
	if f, ok := ParseFlag("finger"); ok {
		t.Errorf("an unknown name is %v", f)
	}
}

func TestFlagsAsText(t *testing.T) {
	if d := cmp.Diff("searching weak-pulse", (WeakPulse | Searching).String()); d != "" {
		t.Error(d)
	}
	if s := Flags(0).String(); s != "" {
		t.Errorf("no condition is %q", s)
	}
}

func TestHasAndAny(t *testing.T) {
	f := NoFinger | Searching
	cases := map[string]struct {
		g        Flags
		has, any bool
	}{
		"one of them":      {NoFinger, true, true},
		"both":             {NoFinger | Searching, true, true},
		"one and another":  {NoFinger | Stale, false, true},
		"another":          {Stale, false, false},
		"none is held":     {0, true, false},
		"all there can be": {endOfFlags - 1, false, true},
	}
	for name, c := range cases {
		if f.Has(c.g) != c.has || f.Any(c.g) != c.any {
			t.Errorf("%s: Has %t, Any %t", name, f.Has(c.g), f.Any(c.g))
		}
	}
}

// Three conditions are remarks; any other one forbids to believe the number, alone or among remarks.
func TestDoubted(t *testing.T) {
	stands := map[Flags]bool{BatteryLow: true, LowPerfusion: true, IrregularPulse: true}
	for f := Flags(1); f < endOfFlags; f <<= 1 {
		for _, with := range []Flags{f, f | BatteryLow | LowPerfusion | IrregularPulse} {
			if got := with.Doubted(); got == stands[f] {
				t.Errorf("%v: doubted %t", with, got)
			}
		}
	}
	if Flags(0).Doubted() {
		t.Error("no condition is doubted")
	}
}
