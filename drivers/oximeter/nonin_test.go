package oximeter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"nabz/drivers/frame"
	"nabz/drivers/frame/frametest"
	"nabz/drivers/vitals"
)

// anyDriver is any of the drivers.
type anyDriver interface {
	Next(context.Context) (vitals.Sample, error)
	Tally() frame.Tally
}

// samples reads to the end.
func samples(t testing.TB, d anyDriver) (got []reading) {
	t.Helper()
	for {
		s, err := d.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, read(s))
	}
}

func nonin(r io.Reader) anyDriver { return NewNonin(frametest.Capture{Reader: r}) }

// floats are the 25 FLOAT bytes of a packet; all values say the same.
func floats(spo2 byte, rate int) [noninFrames]byte {
	hi, lo := byte(rate>>7), byte(rate&0x7F)
	return [noninFrames]byte{
		hi, lo, spo2, 48, 0, 0, 0, 0, spo2, spo2, spo2, 0, 0, hi, lo, spo2, spo2, 0, 0, hi, lo, hi, lo, 0, 0,
	}
}

// packet2 and packet7 build a packet; status goes into all of its frames.
func packet2(float [noninFrames]byte, status byte) (b []byte) {
	for i, f := range float {
		st := 0x80 | status | byte(b2i(i == 0))
		pleth := byte(10 + i)
		b = append(b, 1, st, pleth, f, 1+st+pleth+f)
	}
	return b
}

func packet7(float [noninFrames]byte, status byte) (b []byte) {
	for i, f := range float {
		st, hi, lo := 0x80|status|byte(b2i(i == 0)), byte(0x7F), byte(10+i)
		b = append(b, st, hi, lo, f, st+hi+lo+f)
	}
	return b
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func group1(flags byte, rate int, spo2 byte) []byte {
	return []byte{0x80 | flags | byte(rate>>7), byte(rate & 0x7F), spo2}
}

func group8(flags byte, rate int, spo2, b4 byte) []byte {
	return append(group1(flags, rate, spo2), b4)
}

// spot is a record of format 13 of 2026-11-26 09:30:00.
func spot(hi, lo byte, rate int, spo2 byte) []byte {
	d := []byte{0x20, 0x26, 0x11, 0x26, 0x09, 0x30, 0x00, 0x00, hi, lo, byte(rate >> 8), byte(rate), 0x00, spo2}
	sum := byte(0)
	for _, c := range d {
		sum += c
	}
	return append(append([]byte{0x00, 0x02, 0x00, 0x0D, 0x00, 0x0E}, d...), sum, 0x03)
}

func TestNoninPacket(t *testing.T) {
	const none = -1
	missing := floats(127, 511)
	frozen := floats(97, 72) // plain values are gone, those of the display stand still
	frozen[0], frozen[1], frozen[2] = 3, 0x7F, 0x7F
	plainOnly := floats(96, 150)
	for _, i := range []int{8, 16} {
		plainOnly[i] = 127
	}
	calm := floats(95, 60)
	calm[16], calm[21], calm[22] = 98, 0, 64
	for name, c := range map[string]struct {
		float  [noninFrames]byte
		status byte
		want   reading
	}{
		"numbers":           {floats(97, 72), 0, reading{97, 72, none, 34, 0}},
		"above 255":         {floats(88, 300), 0, reading{88, 300, none, 34, 0}},
		"calmer values":     {calm, 0, reading{98, 64, none, 34, 0}},
		"missing":           {missing, 0, reading{none, none, none, 34, 0}},
		"frozen":            {frozen, 0, reading{none, none, none, 34, 0}},
		"no display values": {plainOnly, 0, reading{none, 150, none, 34, 0}},
		"finger out":        {floats(97, 72), 0x08, reading{none, none, none, 34, vitals.NoFinger}},
		"sensor off":        {floats(97, 72), 0x40, reading{none, none, none, 34, vitals.SensorOff}},
		"artifact":          {floats(97, 72), 0x20, reading{none, none, none, 34, vitals.Artifact}},
		"out of track":      {floats(97, 72), 0x10, reading{none, none, none, 34, vitals.OutOfTrack}},
		"red":               {floats(97, 72), 0x04, reading{97, 72, none, 34, vitals.LowPerfusion}},
		"green":             {floats(97, 72), 0x02, reading{97, 72, none, 34, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := samples(t, nonin(bytes.NewReader(append(packet2(c.float, c.status), packet2(floats(97, 72), 0)...))))
			if len(got) != 2 || got[0] != c.want {
				t.Errorf("format 2: %+v, want %+v first", got, c.want)
			}
			c.want.pleth |= 0x7F00
			got = samples(t, nonin(bytes.NewReader(append(packet7(c.float, c.status), packet7(floats(97, 72), 0)...))))
			if len(got) != 2 || got[0] != c.want {
				t.Errorf("format 7: %+v, want %+v first", got, c.want)
			}
		})
	}
}

func TestNoninGroups(t *testing.T) {
	const none = -1
	for name, c := range map[string]struct {
		flags, b4 byte
		rate      int
		spo2      byte
		want      reading // of the group after one that was the same
	}{
		"numbers":         {0, 0, 72, 97, reading{97, 72, none, none, 0}},
		"above 255":       {0, 0, 300, 97, reading{97, 300, none, none, 0}},
		"missing":         {0, 0, 511, 127, reading{none, none, none, none, 0}},
		"artifact":        {0x04, 0, 72, 97, reading{none, none, none, none, vitals.Artifact}},
		"out of track":    {0x20, 0, 72, 97, reading{none, none, none, none, vitals.OutOfTrack}},
		"low perfusion":   {0x10, 0, 72, 97, reading{97, 72, none, none, vitals.LowPerfusion}},
		"weak perfusion":  {0x08, 0, 72, 97, reading{97, 72, none, none, vitals.LowPerfusion}},
		"finger out":      {0, 0x08, 72, 97, reading{none, none, none, none, vitals.NoFinger}},
		"battery":         {0, 0x01, 72, 97, reading{97, 72, none, none, vitals.BatteryLow}},
		"SmartPoint":      {0, 0x20, 72, 97, reading{97, 72, none, none, 0}},
		"sensor off, old": {0, 0x40, 72, 97, reading{none, none, none, none, vitals.SensorOff}},
	} {
		t.Run(name, func(t *testing.T) {
			got := samples(t, nonin(bytes.NewReader(bytes.Repeat(group8(c.flags, c.rate, c.spo2, c.b4), 4))))
			if len(got) != 4 || got[0].spo2 != none || got[3] != c.want {
				t.Errorf("format 8: %+v, want nothing first and %+v last", got, c.want)
			}
			if c.b4 != 0 {
				return
			}
			got = samples(t, nonin(bytes.NewReader(bytes.Repeat(group1(c.flags, c.rate, c.spo2), 4))))
			if len(got) != 4 || got[0].spo2 != none || got[3] != c.want {
				t.Errorf("format 1: %+v, want nothing first and %+v last", got, c.want)
			}
		})
	}
	got := samples(t, nonin(bytes.NewReader(bytes.Repeat(group1(0x40, 72, 97), 4))))
	if len(got) != 4 || got[3].flags != vitals.SensorOff || got[3].spo2 != none {
		t.Errorf("format 1, sensor off: %+v", got)
	}
}

// A group that leaps is not believed, nor the one after it.
func TestNoninLeap(t *testing.T) {
	b := bytes.Join([][]byte{
		group8(0, 72, 97, 0), group8(0, 72, 97, 0), group8(0, 72, 97, 0), group8(0, 72, 69, 0), group8(0, 73, 97, 0), group8(0, 73, 97, 0),
	}, nil)
	var spo2 []int
	for _, r := range samples(t, nonin(bytes.NewReader(b))) {
		spo2 = append(spo2, r.spo2)
	}
	if want := []int{-1, 97, 97, -1, -1, 97}; !slices.Equal(spo2, want) {
		t.Errorf("saturations %v, want %v", spo2, want)
	}
}

func TestNoninSpotCheck(t *testing.T) {
	const none = -1
	for name, c := range map[string]struct {
		b    []byte
		want reading
	}{
		"good":         {spot(0x02, 0, 300, 97), reading{97, 300, none, none, 0}},
		"battery low":  {spot(0x02, 0x01, 72, 97), reading{97, 72, none, none, vitals.BatteryLow}},
		"no value":     {spot(0x03, 0, 72, 97), reading{none, none, none, none, vitals.NotReady}},
		"no quality":   {spot(0x00, 0, 72, 97), reading{none, none, none, none, vitals.Artifact}},
		"with missing": {spot(0x02, 0, 511, 127), reading{none, none, none, none, 0}},
	} {
		if got := samples(t, nonin(bytes.NewReader(c.b))); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// The published packet gives its numbers; the two damaged frames behind it give none.
func TestNoninTrace(t *testing.T) {
	n := NewNonin(frametest.Capture{Reader: bytes.NewReader(frametest.Trace(t, "nonin_oem3_fmt2_unittest.hex"))})
	s, err := n.Next(context.Background())
	if got := read(s); err != nil || got != (reading{97, 72, -1, 1, 0}) {
		t.Errorf("%+v, %v", got, err)
	}
	if w := n.Wave(); len(w) != noninFrames || slices.Max(w) != 1 {
		t.Errorf("waveform %v", w)
	}
	if id := n.Identity(); id.Firmware != "48" {
		t.Errorf("identity %+v", id)
	}
	if s, err := n.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("after it: %+v, %v", s, err)
	}
}

// streams are a while of each format, with two different patients so that a mixture would show.
func streams() map[string][]byte {
	all := map[string][]byte{}
	for _, p := range []struct {
		rate int
		spo2 byte
	}{{72, 97}, {140, 84}} {
		f := floats(p.spo2, p.rate)
		all["2"] = append(all["2"], bytes.Repeat(packet2(f, 0), 3)...)
		all["7"] = append(all["7"], bytes.Repeat(packet7(f, 0), 3)...)
		all["1"] = append(all["1"], bytes.Repeat(group1(0, p.rate, p.spo2), 8)...)
		all["8"] = append(all["8"], bytes.Repeat(group8(0, p.rate, p.spo2, 0), 8)...)
		all["13"] = append(all["13"], spot(0x02, 0, p.rate, p.spo2)...)
		all["chipox"] = append(all["chipox"], well(bytes.Repeat(chip(p.spo2, p.rate, 90), 4))...)
	}
	return all
}

func driver(name string, r io.Reader) anyDriver {
	if name == "chipox" {
		return NewChipOx(frametest.Capture{Reader: r})
	}
	return nonin(r)
}

func TestNoninSameSamplesHoweverBytesArrive(t *testing.T) {
	for name, b := range streams() {
		whole := samples(t, driver(name, bytes.NewReader(b)))
		single := samples(t, driver(name, iotest.OneByteReader(bytes.NewReader(b))))
		halves := samples(t, driver(name, iotest.HalfReader(bytes.NewReader(b))))
		if len(whole) < 2 || !slices.Equal(whole, single) || !slices.Equal(whole, halves) {
			t.Errorf("%s: %d at once, %d one by one, %d by halves", name, len(whole), len(single), len(halves))
		}
	}
}

// invents says whether some number is none of the clean capture's, give or take what a group without a checksum may differ.
func invents(got []reading, spo2, pulse int) *reading {
	for _, g := range got {
		if g.spo2 < 0 && g.pulse < 0 {
			continue
		}
		near := func(a, b, by int) bool { return max(a-b, b-a) <= by }
		if !(near(g.spo2, 97, spo2) && near(g.pulse, 72, pulse)) && !(near(g.spo2, 84, spo2) && near(g.pulse, 140, pulse)) {
			return &g
		}
	}
	return nil
}

// A byte lost, doubled or changed in any bit, at each position, never makes a number that the clean capture has not.
func TestNoninDamage(t *testing.T) {
	for name, b := range streams() {
		spo2, pulse := 0, 0
		if name == "1" || name == "8" {
			spo2, pulse = groupSpO2, groupPulse
		}
		for i := range b {
			damaged := [][]byte{slices.Delete(slices.Clone(b), i, i+1), slices.Insert(slices.Clone(b), i, b[i])}
			for bit := range 8 {
				flipped := slices.Clone(b)
				flipped[i] ^= 1 << bit
				damaged = append(damaged, flipped)
			}
			for what, d := range damaged {
				got := samples(t, driver(name, bytes.NewReader(d)))
				if g := invents(got, spo2, pulse); g != nil {
					t.Fatalf("%s, byte %d, damage %d: invented %+v", name, i, what, *g)
				}
				if name != "13" && len(got) == 0 {
					t.Fatalf("%s, byte %d, damage %d: everything was lost", name, i, what)
				}
			}
		}
	}
}

func TestNoninCut(t *testing.T) {
	for name, b := range streams() {
		for cut := range b {
			if g := invents(samples(t, driver(name, bytes.NewReader(b[:cut]))), 0, 0); g != nil {
				t.Errorf("%s cut at %d: %+v", name, cut, *g)
			}
		}
	}
}

func TestNoninNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for n := 1; n <= 300; n++ {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		for name, b := range streams() {
			got := samples(t, driver(name, bytes.NewReader(append(slices.Clone(noise), b...))))
			right := 0
			for _, g := range got {
				right += b2i(g.spo2 == 97 || g.spo2 == 84)
			}
			if g := invents(got, groupSpO2, groupPulse); g != nil || right == 0 {
				t.Fatalf("%s after %d bytes of noise: %d right, invented %+v", name, n, right, g)
			}
		}
	}
}

// Half a megabyte of noise has no numbers.
func TestNoninNoiseAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	noise := make([]byte, 1<<19)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for _, name := range []string{"nonin", "chipox"} {
		for _, g := range samples(t, driver(name, bytes.NewReader(noise))) {
			if g.spo2 >= 0 || g.pulse >= 0 {
				t.Errorf("%s: %+v out of noise", name, g)
			}
		}
	}
}

// Another device is plugged in: the new format is found.
func TestNoninFormatChanges(t *testing.T) {
	for before, a := range streams() {
		for after, b := range streams() {
			if before == "chipox" || after == "chipox" {
				continue
			}
			long := bytes.Repeat(b, 1+800/len(b))
			got := samples(t, nonin(bytes.NewReader(append(slices.Clone(a), long...))))
			if len(got) == 0 || got[len(got)-1].spo2 != 84 {
				t.Errorf("%s after %s: %d samples, the last %+v", after, before, len(got), got[max(0, len(got)-1):])
			}
			if g := invents(got, 0, 0); g != nil {
				t.Errorf("%s after %s: invented %+v", after, before, *g)
			}
		}
	}
}

func FuzzNonin(f *testing.F) {
	for _, b := range streams() {
		f.Add(b[:min(len(b), 140)]) // a packet and the beginning of another; longer ones take the fuzzer minutes to shorten
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"nonin", "chipox"} {
			whole := samples(t, driver(name, bytes.NewReader(b)))
			single := samples(t, driver(name, iotest.OneByteReader(bytes.NewReader(b))))
			if !slices.Equal(whole, single) {
				t.Errorf("%s: %d at once, %d one by one", name, len(whole), len(single))
			}
			for _, g := range whole {
				if g.spo2 > 100 || g.spo2 == 0 || g.pulse == 0 || g.pulse > 400 {
					t.Errorf("%s: %+v", name, g)
				}
			}
		}
	})
}

func benchmarkDevice(b *testing.B, d anyDriver) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// A packet of 25 frames.
func BenchmarkNonin2(b *testing.B) {
	benchmarkDevice(b, nonin(&frametest.Endless{Bytes: packet2(floats(97, 72), 0)}))
}

func BenchmarkNonin8(b *testing.B) {
	benchmarkDevice(b, nonin(&frametest.Endless{Bytes: group8(0, 72, 97, 0)}))
}

func BenchmarkChipOx(b *testing.B) {
	benchmarkDevice(b, NewChipOx(frametest.Capture{Reader: &frametest.Endless{Bytes: well(bytes.Repeat(chip(97, 72, 90), 5))}}))
}
