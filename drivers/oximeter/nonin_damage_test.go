package oximeter

import (
	"bytes"
	"slices"
	"testing"
)

// many are four packets in which no two values of a kind are the same, so that a value of another place or another packet would show.
func many(build func([noninFrames]byte, byte) []byte) (b []byte, numbers map[reading]bool) {
	numbers = map[reading]bool{}
	for k := range 4 {
		rate, spo2 := 60+70*k, byte(80+5*k)
		f := [noninFrames]byte{
			floatHR: byte((rate + 1) >> 7), floatHR + 1: byte((rate + 1) & 0x7F), floatSpO2: spo2 + 1, floatRevision: 48,
			floatSpO2D: spo2 + 2, 9: spo2 + 3, 10: spo2 + 3, 13: byte((rate + 2) >> 7), 14: byte((rate + 2) & 0x7F), 15: spo2 + 4,
			floatESpO2D: spo2, floatHRD: byte((rate + 3) >> 7), floatHRD + 1: byte((rate + 3) & 0x7F),
			floatEHRD: byte(rate >> 7), floatEHRD + 1: byte(rate & 0x7F),
		}
		b = append(b, build(f, 0)...)
		numbers[reading{spo2: int(spo2), pulse: rate}] = true
	}
	return b, numbers
}

// records are spot checks of four patients.
func records() (b []byte, numbers map[reading]bool) {
	numbers = map[reading]bool{}
	for k := range 4 {
		b = append(b, spot(0x02, 0, 60+70*k, byte(80+5*k))...)
		numbers[reading{spo2: 80 + 5*k, pulse: 60 + 70*k}] = true
	}
	return b, numbers
}

// streamed are measurements of a ChipOx, with marks and escapes among their bytes.
func streamed() (b []byte, numbers map[reading]bool) {
	b, numbers = chipState(0, 0), map[reading]bool{}
	for k := range 4 {
		rate, spo2 := 0xA7+k, byte(80+5*k)
		b = append(b, chip(spo2, rate, 90)...)
		numbers[reading{spo2: int(spo2), pulse: rate}] = true
	}
	return b, numbers
}

// In a format with a checksum, any byte changed to any other, lost or doubled makes no number that the clean capture has not, and no pair
// of numbers that it has not side by side.
func TestDamageMakesNoNumberWhereThereIsAChecksum(t *testing.T) {
	two, numbers2 := many(packet2)
	seven, numbers7 := many(packet7)
	thirteen, numbers13 := records()
	chips, numbersChip := streamed()
	for _, c := range []struct {
		name    string
		b       []byte
		numbers map[reading]bool
	}{{"2", two, numbers2}, {"7", seven, numbers7}, {"13", thirteen, numbers13}, {"chipox", chips, numbersChip}} {
		t.Run(c.name, func(t *testing.T) {
			whole := samples(t, driver(c.name, bytes.NewReader(c.b)))
			if n := foreign(whole, c.numbers); len(whole) != 4 || n != nil {
				t.Fatalf("clean: %+v", whole)
			}
			for i := range c.b {
				check := func(what string, damaged []byte) {
					t.Helper()
					got := samples(t, driver(c.name, bytes.NewReader(damaged)))
					if n := foreign(got, c.numbers); n != nil || len(got) < 2 || len(got) > 4 {
						t.Fatalf("byte %d %s: %+v of %d samples", i, what, n, len(got))
					}
				}
				check("lost", slices.Delete(slices.Clone(c.b), i, i+1))
				check("doubled", slices.Insert(slices.Clone(c.b), i, c.b[i]))
				changed := slices.Clone(c.b)
				for by := 1; by < 256; by++ {
					changed[i] = c.b[i] ^ byte(by)
					check("changed", changed)
				}
			}
		})
	}
}

// foreign is the first sample with numbers that are not among those.
func foreign(got []reading, numbers map[reading]bool) *reading {
	for _, g := range got {
		if (g.spo2 >= 0 || g.pulse >= 0) && !numbers[reading{spo2: g.spo2, pulse: g.pulse}] {
			return &g
		}
	}
	return nil
}

// Formats 1 and 8 have none. A damaged byte can move a number by what two groups in a row may differ and no further, and only by damage in
// the low bits: every one that a group is off by more is refused.
func TestDamageOfAGroupStaysNearItsNeighbours(t *testing.T) {
	for name, g := range map[string][]byte{"1": group1(0, 72, 97), "8": group8(0, 72, 97, 0)} {
		b := bytes.Repeat(g, 12)
		for i := range b {
			for by := 1; by < 256; by++ {
				changed := slices.Clone(b)
				changed[i] ^= byte(by)
				got := samples(t, nonin(bytes.NewReader(changed)))
				wrong := 0
				for _, r := range got {
					if r.spo2 < 0 && r.pulse < 0 {
						continue
					}
					if d := max(r.spo2-97, 97-r.spo2); d > groupSpO2 {
						t.Fatalf("format %s, byte %d ^ %#x: %+v", name, i, by, r)
					}
					if d := max(r.pulse-72, 72-r.pulse); d > groupPulse {
						t.Fatalf("format %s, byte %d ^ %#x: %+v", name, i, by, r)
					}
					wrong += b2i(r.spo2 != 97 || r.pulse != 72)
				}
				if wrong > 1 || len(got) < 6 {
					t.Fatalf("format %s, byte %d ^ %#x: %d samples, %d of them off", name, i, by, len(got), wrong)
				}
			}
		}
	}
}
