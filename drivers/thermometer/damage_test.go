package thermometer

import (
	"errors"
	"fmt"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// makes are the drivers with a chip each; the number that each gives at rest.
var makes = map[string]struct {
	part  func() part
	open  func(bus i2c.Bus) sampler
	addr  uint16
	until int // samples until it gives a number
	want  string
}{
	"tmp117": {
		func() part { return newTMP117Part(fixed(36.5)) }, func(b i2c.Bus) sampler { return NewTMP117(b, 0x48) }, 0x48, 1, "36.500 °C  direct",
	},
	"max30205": {
		func() part { return newMAX30205Part(fixed(36.5)) },
		func(b i2c.Bus) sampler { return NewMAX30205(b, 0x48) }, 0x48, 1, "36.500 °C  direct",
	},
	"mlx90614": {
		func() part { return newMLX90614Part(atRest(34), atRest(25)) },
		func(b i2c.Bus) sampler { return NewMLX90614(b, 0x5A) }, 0x5A, 61, "33.990 °C  surface",
	},
	"mlx90632": {
		func() part { return newMLX90632Part(34, 25) }, func(b i2c.Bus) sampler { return NewMLX90632(b, 0x3A) }, 0x3A, 61, "34.011 °C  surface",
	},
}

// eachMake runs f for every driver, in a bubble.
func eachMake(t *testing.T, f func(t *testing.T, b *board, d sampler, name string)) {
	for name, m := range makes {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := boardOf(m.addr, m.part())
				d := m.open(b)
				if got := samples(t, d, m.until); got[m.until-1] != m.want {
					t.Fatalf("at rest it gives %q, want %q", got[m.until-1], m.want)
				}
				f(t, b, d, name)
			})
		})
	}
}

// One transaction that fails, whichever it is, costs nothing: it is tried again.
func TestOneFailureIsTriedAgain(t *testing.T) {
	eachMake(t, func(t *testing.T, b *board, d sampler, name string) {
		for skip := range 12 {
			at := b.count + skip
			b.refuse = func(n int) bool { return n == at }
			if got := samples(t, d, 1)[0]; got != makes[name].want {
				t.Errorf("transaction %d: %q", skip, got)
			}
		}
	})
}

// Every bit of every answer that changes on the wire is found, and what is given is the true number, or nothing.
func TestBitFlips(t *testing.T) {
	eachMake(t, func(t *testing.T, b *board, d sampler, name string) {
		for skip := range 12 {
			for bit := range 24 {
				at := b.count + skip
				b.bend = func(n int, r []byte) {
					if n == at && bit/8 < len(r) {
						r[bit/8] ^= 1 << (bit % 8)
					}
				}
				s, err := d.Next(t.Context())
				if err != nil {
					t.Fatalf("transaction %d, bit %d: %v", skip, bit, err)
				}
				if s.Flags == 0 && text(s) != makes[name].want {
					t.Fatalf("transaction %d, bit %d: invented %q", skip, bit, text(s))
				}
			}
		}
		b.bend = nil
		samples(t, d, makes[name].until)
		if got := samples(t, d, 1)[0]; got != makes[name].want {
			t.Errorf("afterwards %q", got)
		}
	})
}

// A wire on which everything changes gives an error and no number.
func TestNoise(t *testing.T) {
	eachMake(t, func(t *testing.T, b *board, d sampler, name string) {
		b.bend = func(n int, r []byte) {
			for i := range r {
				r[i] ^= byte(n*37 + i*11 + 1)
			}
		}
		for range 10 {
			if s, err := d.Next(t.Context()); err == nil && s.Temperature.Value.Known() {
				t.Fatalf("invented %q", text(s))
			}
		}
		b.bend = nil
		if got := samples(t, d, makes[name].until+1); got[len(got)-1] != makes[name].want {
			t.Errorf("afterwards %q", got[len(got)-1])
		}
	})
}

// A chip that is pulled and put back.
func TestPulled(t *testing.T) {
	eachMake(t, func(t *testing.T, b *board, d sampler, name string) {
		b.refuse = func(int) bool { return true }
		before := b.count
		for range 3 {
			if s, err := d.Next(t.Context()); !errors.Is(err, ErrAbsent) || s != (vitals.Sample{}) {
				t.Fatalf("%+v, %v", s, err)
			}
		}
		if b.count-before != 3*tries {
			t.Errorf("%d transactions for three readings", b.count-before)
		}
		b.refuse = nil
		if got := samples(t, d, makes[name].until); got[len(got)-1] != makes[name].want {
			t.Errorf("put back: %q", got[len(got)-1])
		}
	})
}

// A chip that is pulled while it is read, and another put in its place, is not read as the first one.
func TestAnotherInItsPlace(t *testing.T) {
	eachMake(t, func(t *testing.T, b *board, d sampler, _ string) {
		b.refuse = func(int) bool { return true }
		if _, err := d.Next(t.Context()); !errors.Is(err, ErrAbsent) {
			t.Fatalf("pulled: %v", err)
		}
		b.refuse = nil
		for _, p := range b.parts {
			switch p := p.(type) {
			case *words:
				p.reg[tmp117ID], p.reg[max30205Hysteresis] = 0x1116, 0x4600
			case *smbus:
				p.word[mlx90614Address] = 0xBE33
			case *wide:
				p.reg[mlx90632Version] = 0x0205
			}
		}
		if s, err := d.Next(t.Context()); !errors.Is(err, ErrWrongChip) {
			t.Errorf("%q, %v", text(s), err)
		}
	})
}

// A bit that changes while the driver begins, its calibration among what is read, does not bias what it gives later.
func TestBitFlipsAtTheStart(t *testing.T) {
	for name, m := range makes {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				for flipped := range 70 {
					b := boardOf(m.addr, m.part())
					b.bend = func(n int, r []byte) {
						if n == flipped {
							r[0] ^= 0x10
						}
					}
					d := m.open(b)
					if got := samples(t, d, m.until+1); got[m.until] != m.want {
						t.Fatalf("transaction %d: %q", flipped, got[m.until])
					}
				}
			})
		})
	}
}

// A bus that hangs while it is read, low or high, is an error soon and never a number.
func TestBusThatHangs(t *testing.T) {
	for _, level := range []byte{0x00, 0xFF} {
		t.Run(fmt.Sprintf("%02X", level), func(t *testing.T) {
			eachMake(t, func(t *testing.T, b *board, d sampler, _ string) {
				b.bend = func(_ int, r []byte) {
					for i := range r {
						r[i] = level
					}
				}
				var err error
				for n := 0; err == nil; n++ {
					var s vitals.Sample
					if s, err = d.Next(t.Context()); s.Temperature.Value.Known() {
						t.Fatalf("invented %q", text(s))
					}
					if n == 3 {
						t.Fatalf("not noticed: %q", text(s))
					}
				}
				if !errors.Is(err, ErrStuck) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// Whatever the wire does to what a chip says, nothing panics, Next returns, and a number comes only without a flag and within its limits.
func FuzzChips(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20})
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0x4B, 0x00, 0x4B, 0x00, 0x50})
	f.Fuzz(func(t *testing.T, noise []byte) {
		for name, m := range makes {
			bubble(t, func(t *testing.T) {
				b, left := boardOf(m.addr, m.part()), noise
				b.bend = func(_ int, r []byte) {
					for i := range r {
						if len(left) > 0 {
							r[i] ^= left[0]
							left = left[1:]
						}
					}
				}
				d := m.open(b)
				for range 10 {
					s, err := d.Next(t.Context())
					if v, ok := s.Temperature.Value.Get(); ok && (s.Flags != 0 || v < contactLow || v > contactHigh || err != nil) {
						t.Errorf("%s: %q, %v", name, text(s), err)
					}
				}
			})
		}
	})
}

// Every raw value there is: a number within its limits without a flag, or a flag without a number.
func TestEveryRawValue(t *testing.T) {
	for raw := range 1 << 16 {
		for _, s := range []vitals.Sample{decodeTMP117(uint16(raw), vitals.Oral), decodeMAX30205(uint16(raw), vitals.Oral)} {
			v, ok := s.Temperature.Value.Get()
			if ok != (s.Flags == 0) || ok && (v < contactLow || v > contactHigh) {
				t.Fatalf("%04X: %q", raw, text(s))
			}
		}
		if v, ok := decodeMLX90614(uint16(raw)); ok != (raw > 0 && raw < 0x8000) || ok && v <= -273_150 {
			t.Fatalf("%04X: %v %t", raw, v, ok)
		}
	}
}

func BenchmarkDecodeTMP117(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		decodeTMP117(0x1280, vitals.Oral)
	}
}

// One reading, with everything that is asked for it. The goal is no allocation.
func BenchmarkNext(b *testing.B) {
	for name, m := range makes {
		b.Run(name, func(b *testing.B) {
			d := m.open(boardOf(m.addr, prompt(m.part())))
			unpaced(d)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Next(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// prompt lets a chip convert at once.
func prompt(p part) part {
	if w, ok := p.(*words); ok {
		w.asked, w.written = nil, nil
		w.reg[tmp117Temperature] = 0x2400
		if w.reg[tmp117ID] == tmp117Device {
			w.reg[tmp117Temperature] = 0x1200
			w.asked = func(reg byte) { w.reg[tmp117Config] |= tmp117Ready }
		} else {
			w.written = func(reg byte, v uint16) { w.reg[reg] = v &^ 0x80 }
		}
	}
	return p
}

// unpaced takes the waiting out of a driver.
func unpaced(d sampler) {
	switch d := d.(type) {
	case *TMP117:
		d.replay = true
	case *MAX30205:
		d.replay = true
	case *MLX90614:
		d.replay = true
	case *MLX90632:
		d.replay = true
	}
}
