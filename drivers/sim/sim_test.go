package sim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// attach serves d on a pipe until the test ends and returns the host's end. The host comes 3 ms late, so that in a bubble's time what it
// hears never ends in the same instant as a tick of the device, in the middle of a frame.
func attach(t *testing.T, d Device) net.Conn {
	t.Helper()
	host, device := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Serve(ctx, device) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve of %s after cancel: %v, want nil", d, err)
		}
		host.Close()
	})
	<-time.After(3 * time.Millisecond)
	return host
}

// listen returns what arrives within d.
func listen(t *testing.T, host net.Conn, d time.Duration) []byte {
	t.Helper()
	if err := host.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(host)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read from the device: %v", err)
	}
	return b
}

func say(t *testing.T, host net.Conn, b []byte) {
	t.Helper()
	if _, err := host.Write(b); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryFaultHasAName(t *testing.T) {
	for f := range endOfFaults {
		if got, err := ParseFault(f.String()); err != nil || got != f {
			t.Errorf("ParseFault(%q) = %v, %v; want %v", f, got, err, f)
		}
	}
	if _, err := ParseFault("finger"); err == nil {
		t.Error("ParseFault took a name that is no fault")
	}
}

func TestCountedFaultLastsFromMeasurementToMeasurement(t *testing.T) {
	var s faults
	s.InjectN(Leak, 2)
	if s.has(Leak) {
		t.Error("the fault began before the measurement")
	}
	for i, want := range []bool{true, true, false} {
		if s.begin(); s.has(Leak) != want {
			t.Errorf("measurement %d: fault is %v, want %v", i+1, !want, want)
		}
	}
	s.InjectN(Leak, 5)
	s.begin()
	s.Clear(Leak)
	if s.begin(); s.has(Leak) {
		t.Error("Clear left a counted fault")
	}
}

func TestDamageChangesTheFrameAndLeavesTheOriginal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	frame := []byte{1, 2, 3, 4, 5}
	for range 1000 {
		got := damage(rng, frame)
		if len(got) == 0 || bytes.Equal(got, frame) {
			t.Fatalf("damaged frame is % X", got)
		}
		if !bytes.Equal(frame, []byte{1, 2, 3, 4, 5}) {
			t.Fatal("the original was changed")
		}
	}
}

func TestSecondConnectionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewPAR(NewPatient(PatientOpts{}), Opts{})
		attach(t, d)
		synctest.Wait()
		_, other := net.Pipe()
		if err := d.Serve(t.Context(), other); err == nil {
			t.Error("two hosts were served on one wire")
		}
	})
}

func TestServeEndsWhenTheHostHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, d := range []Device{
			NewContec(NewPatient(PatientOpts{}), Opts{}), NewPAR(NewPatient(PatientOpts{}), Opts{}),
			NewSureTemp(NewPatient(PatientOpts{}), Opts{}),
		} {
			host, device := net.Pipe()
			host.Close()
			if err := d.Serve(t.Context(), device); !errors.Is(err, io.EOF) {
				t.Errorf("%s: Serve = %v, want io.EOF", d, err)
			}
		}
	})
}

// A host that never reads must not stop the device: the cuff still empties, and the oximeter's newest frames are lost.
func TestHostThatDoesNotReadStallsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ox := NewContec(NewPatient(PatientOpts{}), Opts{Model: CMS50Old})
		host := attach(t, ox)
		cuff := NewPAR(NewPatient(PatientOpts{}), Opts{})
		cuffHost := attach(t, cuff)
		say(t, cuffHost, []byte("\x0201;;D7\x03"))
		<-time.After(20 * time.Second)
		if cuff.Pressure() == 0 {
			t.Error("no run under way after 20 s")
		}
		<-time.After(20 * time.Second)
		if got := cuff.Pressure(); got != 0 {
			t.Errorf("cuff holds %v after 40 s, want an empty one", got)
		}
		if got := len(listen(t, host, time.Second/120)); got < 256*5 || got > 260*5 {
			t.Errorf("%d bytes waited for the host, want the outbox of 256 frames", got)
		}
	})
}
