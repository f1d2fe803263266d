package oximeter

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/frame"
)

// said is one command as the device heard it.
type said struct {
	Command byte
	At      time.Duration
}

// device is the far end of the driver's wire, in a bubble of false time.
type device struct {
	wire  net.Conn
	began time.Time
	heard []said // to be read after hangUp
	busy  sync.WaitGroup
}

// converse runs f with a driver whose device answers each command with what answer gives.
func converse(t *testing.T, answer func(said) []byte, f func(t *testing.T, c *Contec, d *device)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		d := &device{wire: far, began: time.Now()}
		d.busy.Go(func() { d.listen(answer) })
		defer near.Close() // a pipe closes without error
		defer d.hangUp()
		f(t, NewContec(near, DialectContec), d)
	})
}

func (d *device) listen(answer func(said) []byte) {
	for b := make([]byte, 9); ; {
		if _, err := io.ReadFull(d.wire, b); err != nil {
			return
		}
		s := said{b[2], time.Since(d.began)}
		d.heard = append(d.heard, s)
		d.busy.Go(func() { d.say(answer(s)) })
	}
}

// say reports whether the wire took p; one that was hung up takes nothing.
func (d *device) say(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	_, err := d.wire.Write(p)
	return err == nil
}

// stream sends p sixty times a second for a while.
func (d *device) stream(p []byte, long time.Duration) {
	d.busy.Go(func() {
		for end := time.Now().Add(long); time.Now().Before(end) && d.say(p); {
			<-time.After(time.Second / 60)
		}
	})
}

// hangUp ends the conversation; it may be repeated.
func (d *device) hangUp() {
	d.wire.Close() // a pipe closes without error
	d.busy.Wait()
}

// times are when the device heard a command.
func (d *device) times(command byte) (at []time.Duration) {
	for _, s := range d.heard {
		if s.Command == command {
			at = append(at, s.At)
		}
	}
	return at
}

func mute(said) []byte { return nil }

var (
	livePacket = live(5, 30, 3, 72, 97, 0xff, 0xff)
	oldPacket  = []byte{0x85, 40, 3, 72, 97}
)

// follow reads samples until an error.
func follow(ctx context.Context, c *Contec) (samples int, err error) {
	for ; ; samples++ {
		if _, err := c.Next(ctx); err != nil {
			return samples, err
		}
	}
}

// The greeting goes on as soon as an answer has come.
func TestGreetingFollowsTheAnswers(t *testing.T) {
	const delay = 40 * time.Millisecond
	answers := map[byte][]byte{
		cmdStopUpload: {0x0c, 0x80}, cmdStop: {0x0c, 0x80}, cmdVersion: {0x06, 0x80, 0x80, 0x87}, cmdHasPI: {0x0e, 0x80, 0x81},
		cmdModel: {0x02, 0x80, 0x80, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0}, cmdID: {0x04, 0x80, 0xf5, 0xf3, 0xe5, 0xf2, 0xa0, 0xa0, 0xa0},
		cmdStart: append(slices.Clone(livePacket), 0x01), // the next packet has begun
	}
	answer := func(s said) []byte {
		<-time.After(delay)
		return answers[s.Command]
	}
	converse(t, answer, func(t *testing.T, c *Contec, d *device) {
		s, err := c.Next(t.Context())
		if err != nil || read(s) != (reading{97, 72, -1, 30, 0}) {
			t.Errorf("got %+v (%v)", read(s), err)
		}
		d.hangUp()
		want := []said{
			{0xA7, 0}, {0xA2, delay}, {0xA0, 2 * delay}, {0xAC, 3 * delay}, {0xA8, 4 * delay}, {0xAA, 5 * delay}, {0xA1, 6 * delay},
		}
		if d := cmp.Diff(want, d.heard); d != "" {
			t.Errorf("greeting (-want +got):\n%s", d)
		}
	})
}

// A device that answers nothing is started all the same, with 300 ms between commands.
func TestGreetingWithoutAnswers(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if n, err := follow(ctx, c); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d samples, error %v", n, err)
		}
		d.hangUp()
		if len(d.heard) < 7 {
			t.Fatalf("only %d commands in five seconds", len(d.heard))
		}
		for i, s := range d.heard[:7] {
			if s.Command != greeting[i] {
				t.Errorf("command %d is %X, want %X", i, s.Command, greeting[i])
			}
			if want := time.Duration(i) * 300 * time.Millisecond; s.At != want {
				t.Errorf("%X came after %s, want %s", s.Command, s.At, want)
			}
		}
	})
}

// A stream that is running already gives samples while the greeting is still under way.
func TestSamplesDuringTheGreeting(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		d.stream(livePacket, time.Minute)
		for range 10 {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(d.began); took > 500*time.Millisecond {
			t.Errorf("ten samples took %s", took)
		}
		d.hangUp()
	})
}

func TestKeepAlive(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		d.stream(livePacket, 20*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if n, err := follow(ctx, c); n < 1190 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d samples in 20 s, error %v", n, err)
		}
		d.hangUp()
		alive := d.times(cmdKeepAlive)
		if len(alive) < 5 {
			t.Fatalf("%d keep-alives in 20 s", len(alive))
		}
		for i := 1; i < len(alive); i++ {
			if gap := alive[i] - alive[i-1]; gap > 5*time.Second {
				t.Errorf("%s between keep-alives, the document allows 5 s", gap)
			}
		}
	})
}

// Five-byte devices know no V7 command: once that form is recognised none is sent to them.
func TestFiveByteStreamIsLeftAlone(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		d.stream(oldPacket, 30*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if n, err := follow(ctx, c); n < 1790 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d samples in 30 s, error %v", n, err)
		}
		d.hangUp()
		if last := d.heard[len(d.heard)-1]; last.At > time.Second {
			t.Errorf("%X was sent %s into the stream", last.Command, last.At)
		}
	})
}

// The stream ends after ten seconds, as some do; A1 brings it back, and the caller notices nothing but the gap.
func TestRestartCuresSilence(t *testing.T) {
	for name, p := range map[string][]byte{"V7": livePacket, "five bytes": oldPacket} {
		t.Run(name, func(t *testing.T) {
			var d *device
			answer := func(s said) []byte {
				if s.Command == cmdStart && s.At > 10*time.Second {
					d.stream(p, time.Minute)
				}
				return nil
			}
			converse(t, answer, func(t *testing.T, c *Contec, far *device) {
				d = far
				d.stream(p, 10*time.Second)
				var longest time.Duration
				for before := time.Now(); time.Since(d.began) < 20*time.Second; before = time.Now() {
					if _, err := c.Next(t.Context()); err != nil {
						t.Fatal(err)
					}
					longest = max(longest, time.Since(before))
				}
				d.hangUp()
				if longest < 2*time.Second || longest > 2*time.Second+2*lookUp {
					t.Errorf("the gap was %s, want about 2 s", longest)
				}
			})
		})
	}
}

// Thirty seconds of silence: A1 every two, and after ten the device is given up, again and again until somebody acts.
func TestThirtySecondsOfSilence(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		if _, err := c.Next(t.Context()); !errors.Is(err, frame.ErrSilent) {
			t.Errorf("error %v, want ErrSilent", err)
		}
		if took := time.Since(d.began); took < 10*time.Second || took > 10*time.Second+lookUp {
			t.Errorf("given up after %s, want 10 s", took)
		}
		for time.Since(d.began) < 30*time.Second {
			if _, err := c.Next(t.Context()); !errors.Is(err, frame.ErrSilent) {
				t.Fatalf("error %v, want ErrSilent", err)
			}
		}
		d.hangUp()
		starts := d.times(cmdStart)
		if len(starts) < 13 {
			t.Errorf("started %d times in 30 s, want every 2 s", len(starts))
		}
		for i := 2; i < len(starts); i++ {
			if gap := starts[i] - starts[i-1]; gap < 2*time.Second || gap > 2*time.Second+lookUp {
				t.Errorf("%s between starts, want 2 s", gap)
			}
		}
	})
}

func TestCancelAndVanish(t *testing.T) {
	converse(t, mute, func(t *testing.T, c *Contec, d *device) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		d.hangUp()
		if _, err := c.Next(t.Context()); err == nil || errors.Is(err, frame.ErrSilent) {
			t.Errorf("the port vanished: %v", err)
		}
	})
}
