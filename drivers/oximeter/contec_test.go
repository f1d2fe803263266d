package oximeter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

// reading is what a test compares of a sample.
type reading struct {
	spo2, pulse, pi, pleth int // -1 is missing
	flags                  vitals.Flags
}

func orMissing[T ~int | ~uint16](m vitals.Maybe[T]) int {
	if v, ok := m.Get(); ok {
		return int(v)
	}
	return -1
}

func read(s vitals.Sample) reading {
	o := s.Oximetry
	return reading{orMissing(o.SpO2), orMissing(o.Pulse), orMissing(o.PI), orMissing(o.Pleth), s.Flags}
}

// all reads b to its end.
func all(t testing.TB, r io.Reader, d Dialect) ([]reading, frame.Tally) {
	t.Helper()
	c := NewContec(frametest.Capture{Reader: r}, d)
	var got []reading
	for {
		s, err := c.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return got, c.Tally()
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Kind != vitals.KindOximetry {
			t.Fatalf("a sample of kind %v", s.Kind)
		}
		got = append(got, read(s))
	}
}

// live builds a V7 live packet from its payload.
func live(p ...byte) []byte {
	b := []byte{0x01, 0x80}
	for i, v := range p {
		b[1] |= v >> 7 << i
		b = append(b, v|0x80)
	}
	return b
}

func TestV7(t *testing.T) {
	none := reading{-1, -1, -1, -1, 0}
	cases := map[string]struct {
		packet []byte
		want   reading
	}{
		"capture, no perfusion index": {[]byte{0x01, 0xe0, 0x85, 0xb3, 0x96, 0xc1, 0xe1, 0xff, 0xff}, reading{97, 65, -1, 51, 0}},
		"perfusion index 5.90":        {live(5, 30, 3, 68, 97, 0x4e, 0x02), reading{97, 68, 590, 30, 0}},
		"weak":                        {live(1, 30, 3, 68, 97, 30, 0), reading{97, 68, 30, 30, 0}},
		"index marked invalid":        {live(5, 30, 0x13, 68, 97, 0x4e, 0x02), reading{97, 68, -1, 30, 0}},
		"index above 22.00":           {live(5, 30, 3, 68, 97, 0xff, 0x7f), reading{97, 68, -1, 30, 0}},
		"pulse 127":                   {live(5, 30, 3, 127, 97, 0xff, 0xff), reading{97, 127, -1, 30, 0}},
		"pulse 128":                   {live(5, 30, 3, 128, 97, 0xff, 0xff), reading{97, 128, -1, 30, 0}},
		"pulse 254":                   {live(5, 30, 3, 254, 97, 0xff, 0xff), reading{97, 254, -1, 30, 0}},
		"pulse 255 is none":           {live(5, 30, 3, 255, 97, 0xff, 0xff), reading{97, -1, -1, 30, 0}},
		"SpO2 127 is none":            {live(5, 30, 3, 70, 127, 0xff, 0xff), reading{-1, 70, -1, 30, 0}},
		"SpO2 101 is none":            {live(5, 30, 3, 70, 101, 0xff, 0xff), reading{-1, 70, -1, 30, 0}},
		"finger out, document":        {live(0x80, 64, 0, 255, 127, 0xff, 0xff), reading{-1, -1, -1, 64, vitals.NoFinger}},
		"finger out, fw 4.6":          {live(0x80, 64, 0, 0, 0, 0xff, 0xff), reading{-1, -1, -1, 64, vitals.NoFinger}},
		"finger out, stale numbers":   {live(0x80, 64, 0, 72, 97, 0x4e, 2), reading{-1, -1, -1, 64, vitals.NoFinger}},
		"searching":                   {live(5, 0x80|30, 0, 72, 97, 0xff, 0xff), reading{-1, -1, -1, 30, vitals.Searching}},
		"searched too long":           {live(0x15, 30, 0, 72, 97, 0xff, 0xff), reading{-1, -1, -1, 30, vitals.SearchTimeout}},
		"SpO2 low is no doubt":        {live(0x25, 30, 3, 72, 84, 0xff, 0xff), reading{84, 72, -1, 30, 0}},
		"zeros without a flag":        {live(5, 30, 0, 0, 0, 0xff, 0xff), reading{-1, -1, -1, 30, 0}},
		"stored data":                 {[]byte{0x0f, 0x80, 0xde, 0xc2, 0xde, 0xc2, 0xde, 0xc2}, none},
		"stored data with index":      {[]byte{0x09, 0x80, 0xe1, 0xc4, 0xce, 0x82}, none},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := all(t, bytes.NewReader(c.packet), DialectContec)
			if c.want == none {
				if len(got) > 0 {
					t.Errorf("stored data became a live sample: %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestBCI(t *testing.T) {
	cases := map[string]struct {
		packet  [5]byte
		dialect Dialect
		want    reading
	}{
		"plain":                       {[5]byte{0x85, 40, 3, 72, 97}, DialectContec, reading{97, 72, -1, 40, 0}},
		"pulse with bit 7":            {[5]byte{0x85, 40, 0x43, 12, 97}, DialectContec, reading{97, 140, -1, 40, 0}},
		"no finger":                   {[5]byte{0x80, 0, 0x10, 0x7f, 0x7f}, DialectContec, reading{-1, -1, -1, 0, vitals.NoFinger}},
		"no finger, stale numbers":    {[5]byte{0x80, 0, 0x10, 72, 97}, DialectContec, reading{-1, -1, -1, 0, vitals.NoFinger}},
		"searching":                   {[5]byte{0x85, 40, 0x20, 72, 97}, DialectContec, reading{-1, -1, -1, 40, vitals.Searching}},
		"dropping, on a Contec":       {[5]byte{0xa5, 40, 3, 72, 84}, DialectContec, reading{84, 72, -1, 40, 0}},
		"probe unplugged, on a Berry": {[5]byte{0xa5, 40, 3, 72, 84}, DialectBerry, reading{-1, -1, -1, 40, vitals.SensorOff}},
		"no waveform, on a Berry":     {[5]byte{0x85, 0, 3, 72, 97}, DialectBerry, reading{97, 72, -1, -1, 0}},
		"zero by a parity error":      {[5]byte{0x85, 40, 3, 0, 0}, DialectContec, reading{-1, -1, -1, 40, 0}},
		"pulse none":                  {[5]byte{0x85, 40, 0x43, 0x7f, 97}, DialectContec, reading{97, -1, -1, 40, 0}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := all(t, bytes.NewReader(bytes.Repeat(c.packet[:], 4)), c.dialect)
			if len(got) != 4 || got[0] != c.want {
				t.Errorf("got %+v, want four times %+v", got, c.want)
			}
		})
	}
}

// A short capture of the five-byte form, cut anywhere, still gives its whole packets.
func TestShortCapture(t *testing.T) {
	for n := 1; n <= 3; n++ {
		for extra := range 5 {
			b := bytes.Repeat([]byte{0x85, 40, 3, 72, 97}, n+1)[:5*n+extra]
			if got, _ := all(t, bytes.NewReader(b), DialectContec); len(got) != n {
				t.Errorf("%d packets and %d bytes: %d samples", n, extra, len(got))
			}
		}
	}
}

// session is a V7 handshake and some live packets, and old is a five-byte stream; both with one pulse and one saturation throughout.
func session() []byte {
	b := []byte{0x0c, 0x80, 0x0c, 0x80, 0x06, 0x80, 0x80, 0x87, 0x0e, 0x80, 0x81}
	for i := range byte(40) {
		b = append(b, live(5, i, 3, 72, 97, 0x4e, 2)...)
	}
	return b
}

func old() []byte {
	var b []byte
	for i := range byte(40) {
		b = append(b, 0x85, i+1, 3, 72, 97)
	}
	return b
}

func TestSameSamplesHoweverBytesArrive(t *testing.T) {
	for name, b := range map[string][]byte{"V7": session(), "five bytes": old()} {
		whole, _ := all(t, bytes.NewReader(b), DialectContec)
		single, _ := all(t, iotest.OneByteReader(bytes.NewReader(b)), DialectContec)
		halves, _ := all(t, iotest.HalfReader(bytes.NewReader(b)), DialectContec)
		if len(whole) != 40 || !equal(whole, single) || !equal(whole, halves) {
			t.Errorf("%s: %d at once, %d one by one, %d by halves", name, len(whole), len(single), len(halves))
		}
	}
}

func equal(a, b []reading) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// A byte lost or doubled at each position costs at most the packets around it and invents no number.
func TestLostAndDoubledBytes(t *testing.T) {
	for name, b := range map[string][]byte{"V7": session(), "five bytes": old()} {
		for i := range b {
			lost := append(append([]byte{}, b[:i]...), b[i+1:]...)
			doubled := append(append(append([]byte{}, b[:i]...), b[i]), b[i:]...)
			for what, damaged := range map[string][]byte{"lost": lost, "doubled": doubled} {
				got, _ := all(t, bytes.NewReader(damaged), DialectContec)
				if len(got) < 33 {
					t.Fatalf("%s, byte %d %s: only %d samples of 40 came through", name, i, what, len(got))
				}
				for _, g := range got {
					if g.spo2 != 97 || g.pulse != 72 {
						t.Fatalf("%s, byte %d %s: invented %+v", name, i, what, g)
					}
				}
			}
		}
	}
}

// Without a checksum a flipped bit inside a number cannot be seen; it must stay inside its packet and inside what the fields can hold.
func TestFlippedBits(t *testing.T) {
	for name, b := range map[string][]byte{"V7": session(), "five bytes": old()} {
		for i := range b {
			for bit := range 8 {
				damaged := append([]byte{}, b...)
				damaged[i] ^= 1 << bit
				got, _ := all(t, bytes.NewReader(damaged), DialectContec)
				wrong := 0
				for _, g := range got {
					if g.spo2 != 97 || g.pulse != 72 {
						wrong++
					}
				}
				if len(got) < 32 || wrong > 1 {
					t.Fatalf("%s, byte %d bit %d: %d samples, %d of them wrong", name, i, bit, len(got), wrong)
				}
			}
		}
	}
}

func TestCutMidPacket(t *testing.T) {
	for name, b := range map[string][]byte{"V7": session(), "five bytes": old()} {
		for cut := len(b) - 12; cut < len(b); cut++ {
			got, _ := all(t, bytes.NewReader(b[:cut]), DialectContec)
			for _, g := range got {
				if g.spo2 != 97 || g.pulse != 72 {
					t.Errorf("%s cut at %d: %+v from half a packet", name, cut, g)
				}
			}
		}
	}
}

func TestNoiseBeforeSync(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 300; n++ {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		for name, b := range map[string][]byte{"V7": session(), "five bytes": old()} {
			got, tally := all(t, bytes.NewReader(append(append([]byte{}, noise...), b...)), DialectContec)
			right := 0
			for _, g := range got {
				if g.spo2 == 97 && g.pulse == 72 {
					right++
				}
			}
			if right < 33 || len(got)-right > 1 {
				t.Fatalf("%s after %d bytes of noise: %d right of %d samples, tally %+v", name, n, right, len(got), tally)
			}
		}
	}
}

// peer is the far end of the driver's wire.
func peer(t *testing.T) (*Contec, net.Conn) {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return NewContec(near, DialectContec), far
}

func TestSilenceRestartsThenGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := peer(t)
		starts := make(chan int, 1)
		go func() {
			n, b := 0, make([]byte, 9)
			for {
				if _, err := io.ReadFull(far, b); err != nil {
					starts <- n
					return
				}
				if b[2] == cmdStart {
					n++
				}
			}
		}()
		_, err := c.Next(t.Context())
		if !errors.Is(err, frame.ErrSilent) {
			t.Errorf("after silence: %v", err)
		}
		far.Close()
		if n := <-starts; n < 4 {
			t.Errorf("the stream was started %d times in ten seconds of silence, want one start and then one every 2 s", n)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := peer(t)
		var alive []time.Time
		go func() {
			b := make([]byte, 9)
			for {
				if _, err := io.ReadFull(far, b); err != nil {
					return
				}
				if b[2] == cmdKeepAlive {
					alive = append(alive, time.Now())
				}
			}
		}()
		var sender sync.WaitGroup
		sender.Go(func() {
			for range time.Tick(time.Second / 60) {
				if _, err := far.Write(live(5, 30, 3, 72, 97, 0xff, 0xff)); err != nil {
					return
				}
			}
		})
		for began := time.Now(); time.Since(began) < 20*time.Second; {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		far.Close()
		sender.Wait()
		synctest.Wait()
		if len(alive) < 5 {
			t.Fatalf("%d keep-alives in 20 s", len(alive))
		}
		for i := 1; i < len(alive); i++ {
			if gap := alive[i].Sub(alive[i-1]); gap > 5*time.Second {
				t.Errorf("%s between keep-alives, the document allows 5 s", gap)
			}
		}
	})
}

func TestCancelAndVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := peer(t)
		go io.Copy(io.Discard, far)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		far.Close()
		if _, err := c.Next(t.Context()); err == nil || errors.Is(err, frame.ErrSilent) {
			t.Errorf("the port vanished: %v", err)
		}
	})
}

// The published capture gives the numbers that stand beside it.
func TestHeadrotorSession(t *testing.T) {
	got, _ := all(t, bytes.NewReader(frametest.Trace(t, "cms50dplus_v7_session_headrotor.hex")), DialectContec)
	waves := []int{51, 48, 46, 44, 43, 42, 42}
	if len(got) != len(waves) {
		t.Fatalf("%d samples, want %d", len(got), len(waves))
	}
	for i, w := range waves {
		if want := (reading{97, 65, -1, w, 0}); got[i] != want {
			t.Errorf("sample %d: %+v, want %+v", i, got[i], want)
		}
	}
}

func FuzzContec(f *testing.F) {
	f.Add(session(), false)
	f.Add(old(), true)
	f.Add([]byte{0x01, 0xe0, 0x85, 0xb3, 0x96, 0xc1, 0xe1, 0xff, 0xff}, false)
	f.Fuzz(func(t *testing.T, b []byte, berry bool) {
		d := DialectContec
		if berry {
			d = DialectBerry
		}
		whole, tally := all(t, bytes.NewReader(b), d)
		single, _ := all(t, iotest.OneByteReader(bytes.NewReader(b)), d)
		if !equal(whole, single) {
			t.Errorf("%d samples at once, %d one by one", len(whole), len(single))
		}
		if tally.Skipped > len(b) {
			t.Errorf("%d bytes skipped of %d", tally.Skipped, len(b))
		}
		for _, g := range whole {
			if g.spo2 == 0 || g.spo2 > 100 || g.pulse == 0 || g.pulse > 254 || g.flags.Doubted() && (g.spo2 >= 0 || g.pulse >= 0) {
				t.Errorf("a number that must not be: %+v", g)
			}
		}
	})
}
