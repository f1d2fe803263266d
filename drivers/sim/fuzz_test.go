package sim

import (
	"bytes"
	"testing"
	"time"
)

// Whatever a host says, and however its bytes are cut, a device answers the same and does not fall over.
func FuzzHostBytes(f *testing.F) {
	f.Add(command(startLive))
	f.Add([]byte("\x0201;;D7\x03X"))
	f.Add([]byte("\x03\x02\x10\x94\x34\x01\x01\x00\x02\x1f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for i, fresh := range []func() machine{
			func() machine { return NewContec(NewPatient(PatientOpts{}), Opts{}) },
			func() machine { return NewPAR(NewPatient(PatientOpts{}), Opts{}) },
			func() machine { return NewPAR(NewPatient(PatientOpts{}), Opts{Combined: true}) },
			func() machine { return NewSureTemp(NewPatient(PatientOpts{}), Opts{}) },
		} {
			var whole, single bytes.Buffer
			m := fresh()
			m.receive(0, b, func(b []byte) { whole.Write(b) })
			m.tick(time.Second, func(b []byte) { whole.Write(b) })
			m = fresh()
			for j := range b {
				m.receive(0, b[j:j+1], func(b []byte) { single.Write(b) })
			}
			m.tick(time.Second, func(b []byte) { single.Write(b) })
			if !bytes.Equal(whole.Bytes(), single.Bytes()) {
				t.Errorf("device %d: % X at once, % X byte by byte", i, whole.Bytes(), single.Bytes())
			}
		}
	})
}
