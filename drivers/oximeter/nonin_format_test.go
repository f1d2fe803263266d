package oximeter

import (
	"bytes"
	"slices"
	"testing"

	"nabz/drivers/frame/frametest"
)

// What is not enough to decide for a format must not keep another one from being found.
func TestNoninIsNotConvincedTooSoon(t *testing.T) {
	good := []byte{0x01, 0x80, 0x02, 0x03, 0x86}
	bad := []byte{0x01, 0x80, 0x02, 0x03, 0x87}
	damaged := spot(0x02, 0, 72, 97)
	damaged[len(damaged)-2]++
	groups := bytes.Repeat(group8(0, 72, 97, 0), 12)
	for name, before := range map[string][]byte{
		"three frames of format 2":        bytes.Repeat(good, 3),
		"many frames whose sums are bad":  bytes.Repeat(bad, 8),
		"five frames of format 7":         bytes.Repeat([]byte{0x90, 0x12, 0x34, 0x05, 0xDB}, 5),
		"two groups of format 1":          bytes.Repeat(group1(0, 72, 97), 2),
		"a spot check whose sum is wrong": damaged,
	} {
		got := samples(t, nonin(bytes.NewReader(slices.Concat(before, groups))))
		if len(got) < 8 || got[len(got)-1].spo2 != 97 {
			t.Errorf("behind %s: %d samples", name, len(got))
		}
	}
}

// Frames that are lost whole leave no trace but their number.
func TestNoninPacketThatIsTooShortOrLong(t *testing.T) {
	for name, build := range map[string]func([noninFrames]byte, byte) []byte{"2": packet2, "7": packet7} {
		first, middle, last := build(floats(97, 72), 0), build(floats(90, 90), 0), build(floats(84, 140), 0)
		check := func(what string, middle []byte) {
			t.Helper()
			var spo2 []int
			for _, r := range samples(t, nonin(bytes.NewReader(slices.Concat(first, middle, last)))) {
				spo2 = append(spo2, r.spo2)
			}
			if !slices.Equal(spo2, []int{97, 84}) {
				t.Errorf("format %s, %s: saturations %v, want 97 and 84", name, what, spo2)
			}
		}
		for lost := 1; lost < noninFrames; lost++ {
			for at := 1; at+lost <= noninFrames; at++ {
				check("frames lost", slices.Delete(slices.Clone(middle), at*noninFrame, (at+lost)*noninFrame))
			}
		}
		for at := 1; at < noninFrames; at++ {
			f := middle[at*noninFrame : (at+1)*noninFrame]
			check("a frame twice", slices.Insert(slices.Clone(middle), at*noninFrame, f...))
		}
	}
}

func TestNoninSpotCheckEndsWith03(t *testing.T) {
	b := spot(0x02, 0, 72, 97)
	b[len(b)-1] = 0x04
	if got := samples(t, nonin(bytes.NewReader(b))); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// The length in the record counts, not the one that is usual.
func TestNoninSpotCheckTellsItsLength(t *testing.T) {
	b := spot(0x02, 0, 72, 97)
	b[5] += 3
	b = slices.Insert(b, len(b)-spotTail, 1, 2, 3)
	b[len(b)-2] += 6
	got := samples(t, nonin(bytes.NewReader(slices.Concat(b, spot(0x02, 0, 140, 84)))))
	if want := []reading{{97, 72, -1, -1, 0}, {84, 140, -1, -1, 0}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A group needs one before it that says the same and is in no doubt itself.
func TestNoninGroupNeedsItsNeighbour(t *testing.T) {
	for name, odd := range map[string][]byte{
		"finger out": group8(0, 72, 97, 0x08), "artifact": group8(0x04, 72, 97, 0), "pulse leaps": group8(0, 84, 97, 0),
		"saturation leaps": group8(0, 72, 93, 0), "missing": group8(0, 511, 127, 0),
	} {
		g := group8(0, 72, 97, 0)
		b := slices.Concat(g, g, g, g, odd, g, g)
		var known []bool
		for _, r := range samples(t, nonin(bytes.NewReader(b))) {
			known = append(known, r.spo2 >= 0 && r.pulse >= 0)
		}
		if want := []bool{false, true, true, true, false, false, true}; !slices.Equal(known, want) {
			t.Errorf("%s: numbers %v, want %v", name, known, want)
		}
	}
}

// One damage is one bad checksum, however the bytes behind it look.
func TestNoninCountsDamageOnce(t *testing.T) {
	// the pleth's bytes look like beginnings of frames
	var b []byte
	for range 3 {
		for i, f := range floats(97, 72) {
			st := byte(0x80 | b2i(i == 0))
			b = append(b, st, 0x81, 0x80, f, st+0x01+f)
		}
	}
	b = slices.Delete(b, 5*noninFrames+7, 5*noninFrames+8)
	n := NewNonin(frametest.Capture{Reader: bytes.NewReader(b)})
	samples(t, n)
	if tally := n.Tally(); tally.BadChecksum != 1 {
		t.Errorf("%+v, want one bad checksum", tally)
	}
}
