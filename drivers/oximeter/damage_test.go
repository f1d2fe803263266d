package oximeter

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

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

// Noise that happens to end like a packet is still noise, also when the port goes just then. Without a checksum some cannot be told apart:
// one burst in two hundred is held for a packet (when a lone packet at the end was enough, it was one in seventeen).
func TestNoiseAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	invented := 0
	for range 5000 {
		noise := make([]byte, 5+rng.IntN(296))
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		got, _ := all(t, bytes.NewReader(noise), DialectContec)
		invented += len(got)
	}
	if invented > 25 {
		t.Errorf("%d samples out of 5000 bursts of noise", invented)
	}
}
