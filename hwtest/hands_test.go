package hwtest

import (
	"strings"
	"testing"
	"time"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
)

// TestLeak: the module's own leak test on a cylinder, with what can be wrong with a cuff.
func TestLeak(t *testing.T) {
	for name, c := range map[string]struct {
		fault   sim.Fault
		verdict Verdict
		why     string
	}{
		"sound":          {sim.Noise, Pass, ""}, // noise between frames is no leak
		"a leak":         {sim.Leak, Fail, "loses air"},
		"not wrapped":    {sim.LooseCuff, Fail, "does not fill"},
		"a broken valve": {sim.Broken, Fail, "hardware"},
		"too high":       {sim.Overpressure, Fail, "overpressure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 20, "")
			s.stage.Plugs["cuff"].Inject(c.fault)
			cuff := s.bench.tables()[0]
			w, p, err := s.bench.open(t.Context(), cuff)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			device := p.Cuff(w)
			if err := device.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := leak(t.Context(), device)
			if r.Verdict != c.verdict || !strings.Contains(r.Why, c.why) || c.verdict == Fail && r.Do == "" {
				t.Errorf("%+v, want %s with %q", r, c.verdict, c.why)
			}
		})
	}
}

// TestLost: what is lost is measured while the air is held, and neither while it rises nor when the valve opens.
func TestLost(t *testing.T) {
	for name, c := range map[string]struct {
		held  time.Duration
		drop  float64 // mmHg a second while held
		want  float64
		known bool
	}{
		"nothing is lost":   {10 * time.Second, 0, 0, true},
		"a slow leak":       {10 * time.Second, 0.2, 12, true},
		"a hold too short":  {time.Second, 0, 0, false},
		"as much as it may": {30 * time.Second, 1.0 / 15, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			var p pressures
			now := time.Time{}
			add := func(mmHg float64) {
				p.top = max(p.top, vitals.MmHg(mmHg))
				p.at, p.mmHg = append(p.at, now), append(p.mmHg, vitals.MmHg(mmHg+0.5))
				now = now.Add(200 * time.Millisecond)
			}
			for v := 0.0; v < 200; v += 9 {
				add(v)
			}
			for i := range int(c.held / (200 * time.Millisecond)) {
				add(200 - c.drop*float64(i)/5)
			}
			for v := 150.0; v > 0; v -= 40 {
				add(v)
			}
			got, known := p.lost()
			if known != c.known || got < c.want-3 || got > c.want+3 {
				t.Errorf("%.1f mmHg a minute, known %t; want %.1f, %t", got, known, c.want, c.known)
			}
		})
	}
}
