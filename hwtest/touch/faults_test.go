package touch

import (
	"slices"
	"testing"
	"time"

	"nabz/drivers/sim"
	"nabz/firmware/exam"
	"nabz/hwtest/stage"
)

// TestEveryFaultHasAWayOn injects every fault of every simulated device while its step is in hand. Whatever the screen then shows, it offers something
// to do, and a few touches of what it shows lead out of the visit.
func TestEveryFaultHasAWayOn(t *testing.T) {
	t.Parallel() // it waits for its own devices
	k := newKiosk(t, false)
	h, err := stage.At(k.k.URL())
	if err != nil {
		t.Fatal(err)
	}
	w := stage.NewWorker(k.k.URL())
	p := stage.NewPage(h, t.Fatal)
	p.SignIn(stage.WorkerNumber, stage.WorkerPIN)
	steps := []struct {
		device string
		step   exam.Step
		faults []sim.Fault
	}{
		{"cuff", exam.StepBP, []sim.Fault{
			sim.WeakPulse, sim.Motion, sim.LooseCuff, sim.Leak, sim.Blockage, sim.OutOfRange, sim.Overpressure, sim.Saturated, sim.Broken, sim.Silence,
			sim.Noise, sim.Garbage, sim.Stale, sim.Unplug,
		}},
		{"oximeter", exam.StepOximetry, []sim.Fault{
			sim.FingerOut, sim.WeakPulse, sim.Motion, sim.Silence, sim.Noise, sim.Garbage, sim.Stale, sim.Unplug,
		}},
		{"thermometer", exam.StepTemperature, []sim.Fault{sim.Broken, sim.ProbeMoved, sim.Silence, sim.Noise, sim.Garbage, sim.Stale, sim.Unplug}},
	}
	seen := map[string]bool{}
	for _, s := range steps {
		for _, f := range s.faults {
			plug := k.bench.Plugs[s.device]
			p.Patient("123")
			for range 4 { // to the step
				if st, err := w.State(t.Context()); err != nil || st.Visit == nil || st.Visit.Step == s.step {
					break
				}
				p.Touch("skip", "reason other")
			}
			plug.Inject(f)
			if s.device == "cuff" {
				p.Touch("start-cuff")
			}
			for range 15 {
				st, err := w.State(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				k.bench.Move(st)
				p.Look()
				seen[p.Shows()] = true
				ways := slices.DeleteFunc(p.Offers(), func(tap string) bool { return tap == "status" || tap == "lang en" || tap == "lang ur" })
				if len(ways) == 0 {
					t.Fatalf("%s %s: %s offers nothing", s.device, f, p.Shows())
				}
				stage.Wait(t.Context(), 100*time.Millisecond)
			}
			if !p.Home() {
				t.Fatalf("%s %s: no way out of %s: %v", s.device, f, p.Shows(), p.Offers())
			}
			plug.Clear()
			p.Touch("back")
		}
	}
	for _, want := range []string{"fault", "bp-run", "spo2-live", "temp-prep"} {
		if !seen[want] {
			t.Errorf("%s never came up: the faults were not felt: %v", want, seen)
		}
	}
}
