package oximeter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

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
		"pulse 127":                   {[5]byte{0x85, 40, 3, 0x7f, 97}, DialectContec, reading{97, 127, -1, 40, 0}},
		"pulse 128":                   {[5]byte{0x85, 40, 0x43, 0, 97}, DialectContec, reading{97, 128, -1, 40, 0}},
		"pulse 254":                   {[5]byte{0x85, 40, 0x43, 0x7e, 97}, DialectContec, reading{97, 254, -1, 40, 0}},
		"SpO2 none":                   {[5]byte{0x85, 40, 3, 72, 0x7f}, DialectContec, reading{-1, 72, -1, 40, 0}},
		"no signal, on a Berry":       {[5]byte{0x9f, 0, 3, 72, 97}, DialectBerry, reading{-1, -1, -1, -1, vitals.SearchTimeout}},
		"searched too long, a Contec": {[5]byte{0x95, 40, 3, 72, 97}, DialectContec, reading{-1, -1, -1, 40, vitals.SearchTimeout}},
		"no finger":                   {[5]byte{0x80, 0, 0x10, 0x7f, 0x7f}, DialectContec, reading{-1, -1, -1, 0, vitals.NoFinger}},
		"no finger, stale numbers":    {[5]byte{0x80, 0, 0x10, 72, 97}, DialectContec, reading{-1, -1, -1, 0, vitals.NoFinger}},
		"searching":                   {[5]byte{0x85, 40, 0x20, 72, 97}, DialectContec, reading{-1, -1, -1, 40, vitals.Searching}},
		"dropping, on a Contec":       {[5]byte{0xa5, 40, 3, 72, 84}, DialectContec, reading{84, 72, -1, 40, 0}},
		"probe unplugged, on a Berry": {[5]byte{0xa5, 40, 3, 72, 84}, DialectBerry, reading{-1, -1, -1, 40, vitals.SensorOff}},
		"no waveform, on a Berry":     {[5]byte{0x85, 0, 3, 72, 97}, DialectBerry, reading{97, 72, -1, -1, 0}},
		"top of a Berry's wave":       {[5]byte{0x85, 100, 3, 72, 97}, DialectBerry, reading{97, 72, -1, 100, 0}},
		"beyond a Berry's wave":       {[5]byte{0x85, 101, 3, 72, 97}, DialectBerry, reading{97, 72, -1, -1, 0}},
		"top of a Contec's wave":      {[5]byte{0x85, 127, 3, 72, 97}, DialectContec, reading{97, 72, -1, 127, 0}},
		"searching, on a Berry":       {[5]byte{0x85, 40, 0x20, 72, 97}, DialectBerry, reading{-1, -1, -1, 40, vitals.Searching}},
		"no finger, on a Berry":       {[5]byte{0x80, 40, 0x10, 72, 97}, DialectBerry, reading{-1, -1, -1, 40, vitals.NoFinger}},
		"unplugged and no finger": {
			[5]byte{0xbf, 0, 0x10, 72, 97}, DialectBerry, reading{-1, -1, -1, -1, vitals.SensorOff | vitals.NoFinger | vitals.SearchTimeout},
		},
		"pulse above 127, on a Berry": {[5]byte{0x85, 40, 0x43, 12, 97}, DialectBerry, reading{97, 140, -1, 40, 0}},
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

// A lone packet counts where the capture begins with it or with the end of another one, and not behind noise.
func TestLonePacket(t *testing.T) {
	packet := []byte{0x85, 40, 3, 72, 97}
	for before, want := range map[string]int{
		"": 1, "\x61": 1, "\x28\x03\x48\x61": 1, "\x28\x03\x48\x61\xff": 0, "\xff\xff\xff\xff\xff\xff": 0,
	} {
		if got, _ := all(t, bytes.NewReader(append([]byte(before), packet...)), DialectContec); len(got) != want {
			t.Errorf("behind % X: %d samples, want %d", before, len(got), want)
		}
	}
	cut := append(session(), 0x01) // the last packet of the stream is followed by the beginning of another
	if got, _ := all(t, bytes.NewReader(append(cut, bytes.Repeat(packet, 3)...)), DialectContec); len(got) != 40 {
		t.Errorf("behind a V7 stream: %d samples, want its own 40", len(got))
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
