package distrust

import (
	"context"
	"io"
	"testing"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/sim"
)

// again is a port that gives a take again and again, without waiting.
type again struct {
	bytes []byte
	next  int
	read  int // bytes so far
}

func (a *again) Read(b []byte) (int, error) {
	n := copy(b[:min(64, len(b))], a.bytes[a.next:]) // as a line delivers them: a few at a time
	a.next = (a.next + n) % len(a.bytes)
	a.read += n
	return n, nil
}

func (a *again) Write(b []byte) (int, error)     { return len(b), nil }
func (a *again) SetReadDeadline(time.Time) error { return nil }

// TestDriversDoNotAllocate plays what each device sends, endlessly: once it runs, a driver makes no garbage. With -v it tells the speed, as
// frames a second of one processor and as a share of the speed at which the same bytes are read and summed.
func TestDriversDoNotAllocate(t *testing.T) {
	for name, d := range devices {
		if d.protocol == "ua767" {
			continue // it sends one record a measurement, and the driver waits a quarter of a second before it confirms each
		}
		t.Run(name, func(t *testing.T) {
			p, run := named(d.protocol), d.run
			if run == nil {
				run = listen(p, 25*time.Second)
			}
			stream := record(t, d.sim(sim.NewPatient(sim.PatientOpts{})), run).bytes
			w := &again{bytes: stream}
			driver := p.Listen(w)
			next := func() {
				if _, err := driver.Next(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				next()
			}
			if n := testing.AllocsPerRun(2000, next); n > 0 {
				t.Errorf("%.0f allocations a sample", n)
			}
			speed(t, driver, w, next)
		})
	}
}

// speed measures a tenth of a second of the driver, and then of the reference.
func speed(t *testing.T, driver catalogue.Listener, w *again, next func()) {
	t.Helper()
	frames, bytes, began := driver.Tally().Frames, w.read, time.Now()
	for time.Since(began) < measured {
		for range 100 {
			next()
		}
	}
	took := time.Since(began).Seconds()
	frames, bytes = driver.Tally().Frames-frames, w.read-bytes
	t.Logf("%9.0f frames/s, %.3f of reading and summing", float64(frames)/took, float64(bytes)/took/summed(&again{bytes: w.bytes}))
}

const measured = 100 * time.Millisecond

// summed is how many bytes a second can be read and summed.
func summed(r io.Reader) float64 {
	began, n, sum := time.Now(), 0, byte(0)
	for buf := make([]byte, 64); time.Since(began) < measured; {
		for range 100 {
			m, err := r.Read(buf)
			if err != nil {
				panic(err) // it never ends
			}
			for _, c := range buf[:m] {
				sum += c
			}
			n += m
		}
	}
	kept[sum]++
	return float64(n) / time.Since(began).Seconds()
}

var kept [256]int // so that the sum is not left out
