package detect

import (
	"testing"
	"time"
)

// TestPaceOnAMachineUnderLoad gives the bytes of a device in lumps, as a machine reads them that had something else to do: the seconds
// name when it reads, and it then gets all that was sent.
func TestPaceOnAMachineUnderLoad(t *testing.T) {
	steady := func(n int) (at []float64) {
		for i := range n {
			at = append(at, float64(i)*0.1)
		}
		return at
	}
	stalled := func(before, stall float64) (at []float64) {
		for s := 0.0; s < 6; s += 0.1 {
			if s <= before || s >= before+stall {
				at = append(at, s)
			}
		}
		return at
	}
	cases := map[string]struct {
		rate  float64
		reads []float64
		fast  bool
	}{
		"Contec, steady":                   {300, steady(40), false},
		"Berry, steady":                    {500, steady(40), true},
		"Contec, held back for a second":   {300, stalled(0.4, 1), false},
		"Contec, held back for 2 s":        {300, stalled(0.9, 2), false},
		"Contec, held back at the start":   {300, stalled(0, 1.5), false},
		"Berry, held back for a second":    {500, stalled(0.4, 1), true},
		"Berry, held back for two seconds": {500, stalled(0.9, 2), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var p pace
			for _, s := range c.reads {
				p.note(int(s*c.rate), time.Unix(0, int64(s*1e9)).Add(time.Hour))
				if p.clear() {
					break
				}
			}
			if !p.clear() || p.fast() != c.fast {
				t.Errorf("a lead of %d, want one of %d for fast = %t", p.lead, clearLead, c.fast)
			}
		})
	}
}
