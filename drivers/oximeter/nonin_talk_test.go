package oximeter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

// wired runs f under false time with a Nonin driver on one end of a pipe; say sends bytes from the other and waits until they are taken.
func wired(t *testing.T, f func(t *testing.T, n *Nonin, say func(...byte))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()  // a pipe closes without error
		defer there.Close() // likewise
		f(t, NewNonin(here), func(b ...byte) {
			if _, err := there.Write(b); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("say: %v", err)
			}
		})
	})
}

// within asks for one sample for a while.
func within(t *testing.T, n *Nonin, d time.Duration) (reading, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	s, err := n.Next(ctx)
	return read(s), err
}

// Half a packet, then noise while nobody waits for the sample, then the other half of a later packet: they do not make one.
func TestNoninGapBetweenTwoCalls(t *testing.T) {
	wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
		first, second := packet2(floats(97, 72), 0), packet2(floats(84, 140), 0)
		go func() {
			say(first...)
			say(first[:60]...)
			say(0xFF, 0xFF, 0xFF)
		}()
		if r, err := within(t, n, time.Second); err != nil || r.spo2 != 97 {
			t.Fatalf("the whole packet: %+v, %v", r, err)
		}
		if r, err := within(t, n, time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("half a packet: %+v, %v", r, err)
		}
		go func() {
			say(second[60:]...)
			say(packet2(floats(91, 60), 0)...)
			say(packet2(floats(91, 60), 0)[:5]...)
		}()
		if r, err := within(t, n, time.Second); err != nil || r.spo2 != 91 || r.pulse != 60 {
			t.Errorf("two halves made %+v, %v; want the packet behind them", r, err)
		}
	})
}

// A pause that is longer than any device's own: what was collected before it is another time's.
func TestNoninPauseInAPacket(t *testing.T) {
	wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
		p := packet2(floats(97, 72), 0)
		go func() {
			say(p[:60]...)
			<-time.After(6 * time.Second)
			say(p[60:]...)
			say(packet2(floats(91, 60), 0)...)
			say(p[:5]...)
		}()
		if r, err := within(t, n, time.Minute); err != nil || r.spo2 != 91 {
			t.Errorf("%+v, %v; want the packet after the pause", r, err)
		}
	})
}

// Groups must agree with one of the second before, not with one of another finger.
func TestNoninPauseBetweenGroups(t *testing.T) {
	wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
		g := group8(0, 72, 97, 0)
		go func() {
			for range 4 {
				say(g...)
				<-time.After(time.Second)
			}
			<-time.After(6 * time.Second)
			say(g...)
			<-time.After(time.Second)
			say(g...)
		}()
		var spo2 []int
		for range 6 {
			r, err := within(t, n, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			spo2 = append(spo2, r.spo2)
		}
		if want := []int{-1, 97, 97, 97, -1, 97}; !slices.Equal(spo2, want) {
			t.Errorf("saturations %v, want %v", spo2, want)
		}
	})
}

// A spot check whose length was damaged waits for bytes that never come. The record of the next patient must not wait with it.
func TestNoninDamagedLengthHoldsNobodyBack(t *testing.T) {
	wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
		damaged := spot(0x02, 0, 72, 97)
		damaged[5] = 40
		next := time.Now().Add(time.Minute)
		go func() {
			say(spot(0x02, 0, 70, 99)...)
			<-time.After(time.Second)
			say(damaged...)
			<-time.After(time.Until(next))
			say(spot(0x02, 0, 140, 84)...)
			<-time.After(5 * time.Minute)
			say(spot(0x02, 0, 60, 91)...)
		}()
		for _, want := range []struct {
			spo2 int
			at   time.Duration
		}{{99, 0}, {84, time.Minute}, {91, 6 * time.Minute}} {
			s, err := n.Next(t.Context())
			if r := read(s); err != nil || r.spo2 != want.spo2 || time.Since(next)+time.Minute != want.at {
				t.Errorf("%+v after %s (%v), want %d %% after %s", r, time.Since(next)+time.Minute, err, want.spo2, want.at)
			}
		}
	})
}

// A device that talks unasked and says nothing is given up after ten seconds, as is one that sends frames and no packet.
func TestNoninSilence(t *testing.T) {
	beats := map[string]func(say func(...byte)){
		"nothing":          func(func(...byte)) {},
		"something else":   func(say func(...byte)) { say([]byte("SPO2=097 HR=072\r\n")...) },
		"frames, no SYNC":  func(say func(...byte)) { say(0x01, 0x80, 10, 0, 0x8B) },
		"SYNC, too seldom": func(say func(...byte)) { say(append(packet2(floats(97, 72), 0), 0x01, 0x80, 10, 0, 0x8B)...) },
	}
	for name, beat := range beats {
		t.Run(name, func(t *testing.T) {
			wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
				over := make(chan struct{})
				defer close(over)
				go func() {
					for {
						select {
						case <-over:
							return
						case <-time.After(100 * time.Millisecond):
							beat(say)
						}
					}
				}()
				began := time.Now()
				s, err := n.Next(t.Context())
				if took := time.Since(began); !errors.Is(err, frame.ErrSilent) || took < 10*time.Second || took > 10100*time.Millisecond {
					t.Errorf("%+v, %v after %s, want ErrSilent after 10 s", read(s), err, took)
				}
			})
		})
	}
}

// One that has sent a spot check is silent until the next, and that is no fault.
func TestNoninSpotCheckIsSilentBetween(t *testing.T) {
	wired(t, func(t *testing.T, n *Nonin, say func(...byte)) {
		go say(spot(0x02, 0, 72, 97)...)
		if r, err := within(t, n, time.Second); err != nil || r.spo2 != 97 {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := within(t, n, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an hour of silence: %v", err)
		}
		go say(spot(0x02, 0, 140, 84)...)
		if r, err := within(t, n, time.Second); err != nil || r.spo2 != 84 {
			t.Errorf("after it: %+v, %v", r, err)
		}
	})
}

// What is in the device's memory is sent first and is of another time, perhaps of another patient.
func TestNoninMemoryIsNoSample(t *testing.T) {
	var b []byte
	for i := range 20 {
		b = append(b, spot(0x02, 0x10, 60+i, 90)...)
	}
	got := samples(t, nonin(bytes.NewReader(append(b, spot(0x02, 0, 72, 97)...))))
	if want := []reading{{97, 72, -1, -1, 0}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want the last record alone", got)
	}
}

// The finger alarm in any one of 25 frames takes the numbers away, whatever the values for a display still say.
func TestNoninAlarmInAnyFrame(t *testing.T) {
	for i := range noninFrames {
		for name, build := range map[string]func([noninFrames]byte, byte) []byte{"2": packet2, "7": packet7} {
			b := build(floats(97, 72), 0)
			at := noninFrame * i
			if name == "2" {
				at++
			}
			b[at] |= statusNoFinger
			b[noninFrame*i+4] += statusNoFinger
			got := samples(t, nonin(bytes.NewReader(append(b, build(floats(97, 72), 0)...))))
			if len(got) != 2 || got[0].spo2 >= 0 || got[0].pulse >= 0 || got[0].flags != vitals.NoFinger || got[1].spo2 != 97 {
				t.Errorf("format %s, frame %d: %+v", name, i+1, got)
			}
		}
	}
}

// The revision is the device's that sends now.
func TestNoninIdentityGoesWithTheDevice(t *testing.T) {
	b := append(bytes.Repeat(packet2(floats(97, 72), 0), 2), bytes.Repeat(group8(0, 72, 97, 0), 100)...)
	n := NewNonin(frametest.Capture{Reader: bytes.NewReader(b)})
	if got := samples(t, n); len(got) < 10 {
		t.Fatalf("only %d samples", len(got))
	}
	if want := (vitals.Identity{Manufacturer: "Nonin"}); n.Identity() != want {
		t.Errorf("%+v, though another device is there", n.Identity())
	}
}

// A damaged frame is counted as one, so that a bad cable is seen.
func TestNoninTally(t *testing.T) {
	record := spot(0x02, 0, 72, 97)
	for name, c := range map[string]struct {
		b  []byte
		at int
	}{
		"2":  {bytes.Repeat(packet2(floats(97, 72), 0), 3), 5*noninFrames + 13},
		"7":  {bytes.Repeat(packet7(floats(97, 72), 0), 3), 5*noninFrames + 13},
		"13": {bytes.Repeat(record, 3), len(record) + 17},
	} {
		c.b[c.at] ^= 0x04
		n := NewNonin(frametest.Capture{Reader: bytes.NewReader(c.b)})
		got := samples(t, n)
		if tally := n.Tally(); tally.BadChecksum != 1 {
			t.Errorf("format %s: %d samples, %+v, want one bad checksum", name, len(got), tally)
		}
	}
}
