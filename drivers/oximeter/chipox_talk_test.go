package oximeter

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// module runs f with a driver whose far end says what answer gives to each request: once, or ten times a second from then on.
func module(t *testing.T, answer func(request []byte) (says []byte, again bool), f func(t *testing.T, c *ChipOx)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		var busy sync.WaitGroup
		busy.Go(func() {
			for buf := make([]byte, 64); ; {
				n, err := there.Read(buf)
				if err != nil {
					return
				}
				if b, again := answer(buf[:n]); b != nil {
					busy.Go(func() { tick(there, b, again) })
				}
			}
		})
		f(t, NewChipOx(here))
		here.Close()  // a pipe closes without error
		there.Close() // likewise
		busy.Wait()
	})
}

// tick sends b until the wire is closed, or once.
func tick(there net.Conn, b []byte, again bool) {
	for {
		if _, err := there.Write(b); err != nil || !again {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
}

var (
	askedStream = stuff(append([]byte{chipChannel}, chipStream...))
	askedStatus = stuff(append([]byte{chipChannel}, chipStatus...))
)

// A request for the stream that is lost is made again, although the module answers all others.
func TestChipOxStreamIsAskedForAgain(t *testing.T) {
	asked := 0
	answer := func(request []byte) ([]byte, bool) {
		switch {
		case bytes.Equal(request, askedStatus):
			return chipState(0, 0), false
		case bytes.Equal(request, askedStream):
			if asked++; asked == 2 {
				return chip(97, 72, 90), true
			}
		}
		return nil, false
	}
	module(t, answer, func(t *testing.T, c *ChipOx) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		got, err := c.Next(ctx)
		if r := read(got); err != nil || r.spo2 != 97 || time.Since(began) > 9*time.Second {
			t.Errorf("%+v, %v after %s", r, err, time.Since(began))
		}
	})
}

// A module that answers questions and never measures is given up.
func TestChipOxWithoutStream(t *testing.T) {
	answer := func(request []byte) ([]byte, bool) {
		if bytes.Equal(request, askedStatus) {
			return chipState(0, 0), false
		}
		return nil, false
	}
	module(t, answer, func(t *testing.T, c *ChipOx) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := c.Next(ctx); !errors.Is(err, frame.ErrSilent) || time.Since(began) > 11*time.Second {
			t.Errorf("%v after %s, want ErrSilent after 10 s", err, time.Since(began))
		}
	})
}

// The status forbids numbers. So there is none before the first, and none when it is not told any more.
func TestChipOxNumbersNeedAStatus(t *testing.T) {
	var mute, streaming atomic.Bool
	answer := func(request []byte) ([]byte, bool) {
		switch {
		case bytes.Equal(request, askedStatus) && !mute.Load() && streaming.Load():
			return chipState(0, 0), false
		case bytes.Equal(request, askedStream) && !streaming.Load():
			streaming.Store(true)
			return chip(97, 72, 90), true
		}
		return nil, false
	}
	module(t, answer, func(t *testing.T, c *ChipOx) {
		next := func() reading {
			s, err := c.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return read(s)
		}
		if r := next(); r.spo2 >= 0 || r.flags != vitals.NotReady {
			t.Errorf("before any status: %+v", r)
		}
		for r := next(); r.spo2 < 0; r = next() {
			if r.flags != vitals.NotReady {
				t.Fatalf("%+v", r)
			}
		}
		mute.Store(true)
		for began := time.Now(); time.Since(began) < 3*time.Second; {
			next()
		}
		if r := next(); r.spo2 >= 0 || r.flags != vitals.Stale {
			t.Errorf("three seconds after the last status: %+v", r)
		}
		mute.Store(false)
		for began := time.Now(); time.Since(began) < time.Second; {
			next()
		}
		if r := next(); r.spo2 != 97 {
			t.Errorf("the status is told again: %+v", r)
		}
	})
}

// Between the marks only two escapes exist; another one is damage.
func TestChipOxUnknownEscape(t *testing.T) {
	body := []byte{0x7F, 0x01, 97, 0, 72, 90, 50, 1, 2, 3, 4, 5, 0x70, 7, 8, 9, 10}
	c := NewChipOx(nil)
	if got, ok := c.unstuff(bytes.Replace(stuff(body), []byte{0x70}, []byte{chipEscape, 0x50}, 1)); ok {
		t.Errorf("taken as % X", got)
	}
	body[12] = chipEscape
	if got, ok := c.unstuff(bytes.Replace(stuff(body), []byte{0x89}, []byte{chipEscape}, 1)); ok {
		t.Errorf("two escapes taken as % X", got)
	}
	if got, ok := c.unstuff(stuff(body)); !ok || !bytes.Equal(got, body) {
		t.Errorf("% X, %v", got, ok)
	}
}

// While it measures the module is left alone but for its status.
func TestChipOxIsGreetedOnce(t *testing.T) {
	var streams, others, states atomic.Int32
	answer := func(request []byte) ([]byte, bool) {
		switch {
		case bytes.Equal(request, askedStatus):
			states.Add(1)
			return chipState(0, 0), false
		case bytes.Equal(request, askedStream):
			return chip(97, 72, 90), streams.Add(1) == 1
		}
		others.Add(1)
		return nil, false
	}
	module(t, answer, func(t *testing.T, c *ChipOx) {
		for began := time.Now(); time.Since(began) < 30*time.Second; {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
	if streams.Load() != 1 || others.Load() != 2 || states.Load() < 50 {
		t.Errorf("stream asked for %d times, who it is %d times, status %d times in half a minute", streams.Load(), others.Load(), states.Load())
	}
}

// Two bytes that changed places have the same sum; the checksum's other half sees them.
func TestChipOxBytesThatChangedPlaces(t *testing.T) {
	f := chip(97, 72, 90)
	f[3], f[6] = f[6], f[3] // saturation and quality
	c := NewChipOx(nil)
	if got, ok := c.unstuff(f); ok {
		t.Errorf("taken as % X", got)
	}
}
