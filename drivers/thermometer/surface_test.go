package thermometer

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/drivers/vitals"
)

// settled is a surface that saw a minute of the same.
func settled() (*surface, time.Duration) {
	s := &surface{}
	var at time.Duration
	for ; at < time.Minute; at += time.Second {
		s.step(at, 34_000, 25_000)
	}
	return s, at
}

func TestSurfaceGates(t *testing.T) {
	for name, c := range map[string]struct {
		after         time.Duration // the pause before
		skin, ambient vitals.MilliCelsius
		want          string
	}{
		"at rest":                     {time.Second, 34_000, 25_000, ""},
		"skin within 0.2":             {time.Second, 34_200, 25_000, ""},
		"skin not within 0.2":         {time.Second, 34_201, 25_000, "not-settled"},
		"ambient moved 0.099":         {time.Second, 34_000, 25_099, ""},
		"ambient moved 0.1":           {time.Second, 34_000, 24_900, "not-settled"},
		"too cold a room":             {time.Second, 34_000, 15_999, "out-of-range not-settled"},
		"too hot a room":              {time.Second, 34_000, 40_001, "out-of-range not-settled"},
		"no skin":                     {time.Second, 9_999, 25_000, "out-of-range not-settled"},
		"a cup of tea":                {time.Second, 45_001, 25_000, "out-of-range not-settled"},
		"after five seconds":          {5 * time.Second, 34_000, 25_000, ""},
		"after more":                  {5*time.Second + 1, 34_000, 25_000, "not-settled"},
		"a clock that goes backwards": {-2 * time.Second, 34_000, 25_000, "not-settled"},
	} {
		t.Run(name, func(t *testing.T) {
			s, at := settled()
			if got := s.step(at-time.Second+c.after, c.skin, c.ambient).String(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// The edges of the ambient gate, with an ambient that stands there all the time.
func TestSurfaceAmbientEdges(t *testing.T) {
	for ambient, want := range map[vitals.MilliCelsius]vitals.Flags{
		15_999: vitals.OutOfRange, 16_000: 0, 40_000: 0, 40_001: vitals.OutOfRange,
	} {
		s := &surface{}
		var got vitals.Flags
		for at := time.Duration(0); at <= time.Minute; at += time.Second {
			got = s.step(at, 34_000, ambient)
		}
		if got != want {
			t.Errorf("%v: %v, want %v", ambient, got, want)
		}
	}
}

func TestSurfaceNeedsAMinute(t *testing.T) {
	s := &surface{}
	for at := time.Duration(0); at < time.Minute; at += 500 * time.Millisecond {
		if got := s.step(at, 34_000, 25_000); got != vitals.NotSettled {
			t.Fatalf("after %s: %v", at, got)
		}
	}
	if got := s.step(time.Minute, 34_000, 25_000); got != 0 {
		t.Errorf("after a minute: %v", got)
	}
	s.spoilt(vitals.Forehead, vitals.Hardware)
	if got := s.step(time.Minute+time.Second, 34_000, 25_000); got != vitals.NotSettled {
		t.Errorf("after a spoilt one: %v", got)
	}
}

// seenAt is one reading of a history.
type seenAt struct {
	at            time.Duration
	skin, ambient vitals.MilliCelsius
}

// judge says of a whole history what the package's rules say, slowly.
func judge(all []seenAt) vitals.Flags {
	begin := 0
	for i := 1; i < len(all); i++ {
		if d := all[i].at - all[i-1].at; d < 0 || d > surfaceGap {
			begin = i
		}
	}
	all = all[begin:]
	newest := all[len(all)-1]
	var f vitals.Flags
	if newest.ambient < surfaceAmbientLow || newest.ambient > surfaceAmbientHigh || newest.skin < surfaceLow || newest.skin > surfaceHigh {
		f |= vitals.OutOfRange
	}
	covered := 0 // the newest that is a minute old, or the first
	for i, r := range all {
		if newest.at-r.at >= surfaceDriftTime {
			covered = i
		}
	}
	old := all[covered:]
	lo, hi := old[0].ambient, old[0].ambient
	for _, r := range old {
		lo, hi = min(lo, r.ambient), max(hi, r.ambient)
	}
	if newest.at-old[0].at < surfaceDriftTime || hi-lo >= surfaceDrift {
		f |= vitals.NotSettled
	}
	last := all[max(0, len(all)-surfaceReadings):]
	lo, hi = last[0].skin, last[0].skin
	for _, r := range last {
		lo, hi = min(lo, r.skin), max(hi, r.skin)
	}
	if len(last) < surfaceReadings || hi-lo > surfaceSpread {
		f |= vitals.NotSettled
	}
	return f
}

// Whatever is read, the machine says what the rules say of all that was read.
func TestSurfaceAgainstItsRules(t *testing.T) {
	believed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := &surface{}
		var all []seenAt
		r := seenAt{skin: 34_000, ambient: vitals.MilliCelsius(rapid.IntRange(15_900, 40_100).Draw(t, "room"))}
		room := rapid.IntRange(0, 6).Draw(t, "unrest of the room, 0.01 °C")
		skin := rapid.IntRange(0, 20).Draw(t, "unrest of the skin, 0.01 °C")
		period := time.Duration(rapid.IntRange(500, 2000).Draw(t, "period, ms")) * time.Millisecond
		disturbed := rapid.SliceOfN(rapid.IntRange(0, 250), 0, 3).Draw(t, "disturbed readings")
		noise := rapid.SliceOfN(rapid.IntRange(-100, 100), 7, 7).Draw(t, "noise")
		for n := range 250 {
			r.at += period
			if slices.Contains(disturbed, n) {
				r.at += time.Duration(rapid.IntRange(-3, 7).Draw(t, "pause")) * time.Second
				r.skin += vitals.MilliCelsius(rapid.IntRange(-30_000, 15_000).Draw(t, "jump"))
			}
			r.skin += vitals.MilliCelsius(skin * noise[n%7] / 10)
			r.ambient += vitals.MilliCelsius(room * noise[n%5] / 10)
			all = append(all, r)
			got := s.sample(r.at, vitals.Forehead, r.skin, r.ambient)
			if want := judge(all); got.Flags != want {
				t.Fatalf("reading %d at %s: %v, want %v", len(all), r.at, got.Flags, want)
			}
			if got.Temperature.Value.Known() != (got.Flags == 0) || got.Temperature.Mode != vitals.Surface {
				t.Fatalf("%+v", got)
			}
			if got.Flags == 0 {
				believed++
			}
		}
	})
	t.Logf("%d readings believed", believed)
	if believed < 100 {
		t.Error("hardly any history came to rest: the property was not tried")
	}
}
