package frame_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
)

const longest = 8

// split cuts toy frames: "<", up to six characters, ">". Everything else belongs to no frame.
func split(b []byte, atEOF bool) (int, []byte, error) {
	start := bytes.IndexByte(b, '<')
	if start < 0 {
		return len(b), nil, nil
	}
	end := bytes.IndexByte(b[start:], '>')
	switch {
	case end >= longest || end < 0 && (atEOF || len(b)-start >= longest):
		return start + 1, nil, nil
	case end < 0:
		return start, nil, nil
	}
	return start + end + 1, b[start : start+end+1], nil
}

func newReader(r io.Reader) *frame.Reader {
	return frame.NewReader(frametest.Capture{Reader: r}, split, longest)
}

// all reads to the end of the port; frames that refused says are damaged are rejected.
func all(t *testing.T, r *frame.Reader, refused string) []string {
	t.Helper()
	var got []string
	for {
		f, err := r.Next(t.Context(), 0)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		if string(f) == refused {
			r.Reject()
			continue
		}
		got = append(got, string(f))
	}
}

// However the bytes arrive, the frames and the counts are the same.
func TestFramesAndCounts(t *testing.T) {
	cases := map[string]struct {
		in, refused string
		want        []string
		tally       frame.Tally
	}{
		"clean":              {in: "<a><bc>", want: []string{"<a>", "<bc>"}, tally: frame.Tally{Frames: 2}},
		"garbage around":     {in: "xx<a>yyy<b>z", want: []string{"<a>", "<b>"}, tally: frame.Tally{Frames: 2, Skipped: 6}},
		"nothing":            {in: ""},
		"only garbage":       {in: "abcdefghijklmnopqrstuvwxyz", tally: frame.Tally{Skipped: 26}},
		"longest":            {in: "<123456>", want: []string{"<123456>"}, tally: frame.Tally{Frames: 1}},
		"too long":           {in: "<1234567><a>", want: []string{"<a>"}, tally: frame.Tally{Frames: 1, Skipped: 9}},
		"end cut off":        {in: "<a><b", want: []string{"<a>"}, tally: frame.Tally{Frames: 1, Skipped: 2}},
		"damaged, then good": {in: "<x><a>", refused: "<x>", want: []string{"<a>"}, tally: frame.Tally{Frames: 1, Skipped: 3, BadChecksum: 1}},
		"good one in a damaged": {
			in: "<x<a>", refused: "<x<a>", want: []string{"<a>"}, tally: frame.Tally{Frames: 1, Skipped: 2, BadChecksum: 1},
		},
		"damaged twice": {in: "<x><x>", refused: "<x>", tally: frame.Tally{Skipped: 6, BadChecksum: 2}},
	}
	for name, c := range cases {
		for how, arrive := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "one by one": iotest.OneByteReader, "with the end": iotest.DataErrReader,
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				r := newReader(arrive(bytes.NewReader([]byte(c.in))))
				got := all(t, r, c.refused)
				if d := cmp.Diff(c.want, got); d != "" {
					t.Errorf("frames (-want +got):\n%s", d)
				}
				if d := cmp.Diff(c.tally, r.Tally()); d != "" {
					t.Errorf("tally (-want +got):\n%s", d)
				}
			})
		}
	}
}

// A SplitFunc that always waits for more must not stop the reader: it gives up byte after byte.
func TestFullBufferNeverHangs(t *testing.T) {
	waiting := func([]byte, bool) (int, []byte, error) { return 0, nil, nil }
	r := frame.NewReader(frametest.Capture{Reader: bytes.NewReader(make([]byte, 100))}, waiting, longest)
	if _, err := r.Next(t.Context(), 0); !errors.Is(err, io.EOF) {
		t.Errorf("error %v, want io.EOF", err)
	}
	if n := r.Tally().Skipped; n != 100 {
		t.Errorf("%d bytes skipped, want all 100", n)
	}
}

func TestEndOfThePort(t *testing.T) {
	broken := errors.New("cable cut")
	r := newReader(io.MultiReader(bytes.NewReader([]byte("<a><b")), iotest.ErrReader(broken)))
	if f, err := r.Next(t.Context(), time.Second); string(f) != "<a>" || err != nil {
		t.Fatalf("frame %q, error %v", f, err)
	}
	for range 2 { // it stays so
		if f, err := r.Next(t.Context(), time.Second); f != nil || !errors.Is(err, broken) {
			t.Errorf("frame %q, error %v, want the port's own", f, err)
		}
	}
	if got, want := r.Tally(), (frame.Tally{Frames: 1, Skipped: 2}); got != want {
		t.Errorf("tally %+v, want %+v", got, want)
	}
}

func TestSplitFails(t *testing.T) {
	broken := errors.New("cannot be")
	r := frame.NewReader(frametest.Capture{Reader: bytes.NewReader([]byte("a"))},
		func([]byte, bool) (int, []byte, error) { return 0, nil, broken }, longest)
	if _, err := r.Next(t.Context(), 0); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestResetForgetsWhatWasRead(t *testing.T) {
	r := newReader(io.MultiReader(bytes.NewReader([]byte("<a><old>")), bytes.NewReader([]byte("<new>"))))
	if _, err := r.Next(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	r.Reset()
	if f, err := r.Next(t.Context(), 0); string(f) != "<new>" {
		t.Errorf("frame %q, error %v, want <new>", f, err)
	}
}

// bubble runs f under false time with a reader on one end of a pipe and the device on the other.
func bubble(t *testing.T, f func(t *testing.T, r *frame.Reader, device net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		device, host := net.Pipe()
		defer device.Close() // a pipe closes without error
		defer host.Close()
		f(t, frame.NewReader(host, split, longest), device)
	})
}

func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T, r *frame.Reader, device net.Conn) {
		began := time.Now()
		if _, err := r.Next(t.Context(), 2*time.Second); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("error %v, want ErrSilent", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("gave up after %s, want 2 s", took)
		}
		go say(device, 0, "<a>")
		if f, err := r.Next(t.Context(), 2*time.Second); string(f) != "<a>" {
			t.Errorf("after silence: frame %q, error %v", f, err)
		}
	})
}

// Bytes that are no frame do not count as a sign of life, and a frame that begins before the time is over may end too late.
func TestSilenceWhileGarbageComes(t *testing.T) {
	bubble(t, func(t *testing.T, r *frame.Reader, device net.Conn) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for say(device, 100*time.Millisecond, "x<") == nil {
			}
		}()
		began := time.Now()
		if f, err := r.Next(t.Context(), 2*time.Second); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("frame %q, error %v, want ErrSilent", f, err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("gave up after %s, want 2 s", took)
		}
		device.Close()
		<-ended
	})
}

func TestCancelWhileBlocked(t *testing.T) {
	bubble(t, func(t *testing.T, r *frame.Reader, device net.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := r.Next(ctx, 0)
			done <- err
		}()
		synctest.Wait() // it is blocked in Read
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
		go say(device, time.Hour, "<a>")
		if f, err := r.Next(t.Context(), 0); string(f) != "<a>" {
			t.Errorf("a read under another context: frame %q, error %v", f, err)
		}
	})
}

// A context that ends at the very moment when bytes arrive loses none of them.
func TestCancelAndBytesTogether(t *testing.T) {
	bubble(t, func(t *testing.T, r *frame.Reader, device net.Conn) {
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			go say(device, time.Millisecond, "<a>")
			f, err := r.Next(ctx, 0)
			if errors.Is(err, context.DeadlineExceeded) {
				f, err = r.Next(t.Context(), time.Second)
			}
			if string(f) != "<a>" || err != nil {
				t.Fatalf("frame %q, error %v", f, err)
			}
			cancel()
			synctest.Wait()
		}
	})
}

// slow is a port whose deadline takes a second to be set to the past, as when the goroutine that does it is not scheduled. Its first
// read gives a frame just when cancel has been called.
type slow struct {
	cancel context.CancelFunc
	past   atomic.Bool
	reads  int
}

func (s *slow) SetReadDeadline(t time.Time) error {
	past := !t.IsZero() && t.Before(time.Now())
	if past {
		<-time.After(time.Second)
	}
	s.past.Store(past)
	return nil
}

func (s *slow) Read(b []byte) (int, error) {
	if s.reads++; s.reads == 1 {
		s.cancel()
		synctest.Wait() // the deadline is being set
		return copy(b, "<a>"), nil
	}
	<-time.After(time.Minute)
	if s.past.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(b, "<b>"), nil
}

func (s *slow) Write(b []byte) (int, error) { return len(b), nil }

// A cancel that comes too late for its own read does not cut short the next one.
func TestLateCancelDisturbsNoOtherRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := frame.NewReader(&slow{cancel: cancel}, split, longest)
		if f, err := r.Next(ctx, 0); string(f) != "<a>" {
			t.Errorf("frame %q, error %v, want <a>", f, err)
		}
		if f, err := r.Next(t.Context(), 0); string(f) != "<b>" {
			t.Errorf("under another context: frame %q, error %v, want <b>", f, err)
		}
	})
}

func TestEndedContextReadsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newReader(bytes.NewReader([]byte("<a>")))
	if f, err := r.Next(ctx, 0); f != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("frame %q, error %v, want context.Canceled", f, err)
	}
	if f, err := r.Next(t.Context(), 0); string(f) != "<a>" {
		t.Errorf("afterwards: frame %q, error %v", f, err)
	}
}

// say writes text after a while.
func say(device net.Conn, after time.Duration, text string) error {
	<-time.After(after)
	_, err := device.Write([]byte(text))
	return err
}
