package touch

import "testing"

// TestPulledPlugsAreSaid pulls each device while its step is prepared: the screen says so by itself, and goes back when it is plugged in.
func TestPulledPlugsAreSaid(t *testing.T) {
	t.Parallel() // it waits for its own devices
	k := newKiosk(t, true)
	f := newFinger(t, k.url, 800, 480)
	f.signIn("ur")
	f.newPatient()
	for _, device := range []string{"cuff", "oximeter", "thermometer"} {
		f.sees("bp-prep", "spo2-prep", "spo2-live", "temp-prep", "temp-run")
		k.bench.Plugs[device].Unplug()
		f.sees("missing", "fault")
		f.keep("pulled-" + device)
		k.bench.Plugs[device].Replug()
		f.sees("bp-prep", "spo2-prep", "spo2-live", "temp-prep", "temp-run")
		f.touch("skip")
		f.touch("reason other")
	}
	f.sees("review")
}
