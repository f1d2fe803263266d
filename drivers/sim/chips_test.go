package sim

import (
	"bytes"
	"errors"
	"math"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func askChip(t *testing.T, b *I2C, addr uint16, n int, w ...byte) []byte {
	t.Helper()
	r := make([]byte, n)
	if err := b.Tx(addr, w, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func feverless() *Patient { return NewPatient(PatientOpts{Temperature: 37_000}) }

// The numbers are the data sheets' own: SNOSD82D table 8-1 and register map, 19-8505 register map, 3901090614 figure 8.
func TestChipsAsTheirDataSheets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewI2C()
		tmp, max, mlx := NewTMP117(feverless(), Opts{}), NewMAX30205(feverless(), Opts{}), NewMLX90614(feverless(), Opts{})
		bus.Attach(0x48, tmp)
		bus.Attach(0x49, max)
		bus.Attach(0x5A, mlx)
		golden := func(what string, got []byte, want ...byte) {
			t.Helper()
			if !bytes.Equal(got, want) {
				t.Errorf("%s: % X, want % X", what, got, want)
			}
		}
		golden("TMP117 before its first conversion", askChip(t, bus, 0x48, 2, 0x00), 0x80, 0x00)
		golden("TMP117 identity", askChip(t, bus, 0x48, 2, 0x0F), 0x01, 0x17)
		golden("TMP117 configuration at power-up", askChip(t, bus, 0x48, 2, 0x01), 0x02, 0x20)
		golden("MAX30205 limits", append(askChip(t, bus, 0x49, 2, 0x02), askChip(t, bus, 0x49, 2, 0x03)...), 0x4B, 0x00, 0x50, 0x00)
		tmp.Touch()
		max.Touch()
		time.Sleep(10 * time.Minute)
		golden("TMP117 ready", askChip(t, bus, 0x48, 2, 0x01), 0x22, 0x20)
		golden("TMP117 ready, read again", askChip(t, bus, 0x48, 2, 0x01), 0x02, 0x20)
		golden("TMP117 at 37 °C", askChip(t, bus, 0x48, 2, 0x00), 0x12, 0x80)
		golden("MAX30205 shut down", askChip(t, bus, 0x49, 0, 0x01, 0x01))
		time.Sleep(time.Minute)
		golden("MAX30205 told to convert", askChip(t, bus, 0x49, 0, 0x01, 0x81))
		time.Sleep(60 * time.Millisecond)
		golden("MAX30205 at 37.02 °C, its own warmth with it", askChip(t, bus, 0x49, 2, 0x00), 0x25, 0x05)
		mlx.Ambient(0x3AD2*0.02 - 273.15)
		golden("MLX90614 figure 8", askChip(t, bus, 0x5A, 3, 0x07), 0xD2, 0x3A, 0x30)
		mlx.Inject(Broken)
		if r := askChip(t, bus, 0x5A, 3, 0x07); r[1]&0x80 == 0 {
			t.Errorf("a broken MLX90614 shows no error flag: % X", r)
		}
	})
}

func TestBusSaysWhatLinuxSays(t *testing.T) {
	bus := NewI2C()
	bus.Attach(0x48, NewTMP117(feverless(), Opts{}))
	if err := bus.Tx(0x49, []byte{0}, nil); !errors.Is(err, syscall.EREMOTEIO) {
		t.Errorf("an address that nobody has: %v", err)
	}
	bus.Hang(true)
	if err := bus.Tx(0x48, []byte{0}, nil); !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("a clock held down: %v", err)
	}
	bus.Hang(false)
	bus.Damage(1)
	if a, b := askChip(t, bus, 0x48, 2, 0x0F), askChip(t, bus, 0x48, 2, 0x0F); bytes.Equal(a, b) || !bytes.Equal(b, []byte{0x01, 0x17}) {
		t.Errorf("damaged once: % X, then % X", a, b)
	}
	bus.Detach(0x48)
	if err := bus.Tx(0x48, []byte{0}, nil); !errors.Is(err, syscall.EREMOTEIO) {
		t.Errorf("cut off: %v", err)
	}
}

// The manual's formulas, applied to what the chip has measured, give back where it is and what it sees.
func TestMLX90632RawIsTheManualTurnedRound(t *testing.T) {
	c := NewMLX90632(NewPatient(PatientOpts{Temperature: 38_500}), Opts{})
	c.Aim()
	for _, room := range []float64{16, 25, 39.5} {
		c.Ambient(room)
		ambient, ref, object := c.raw()
		x := float64(ambient) / 12
		vrta := float64(ref) + 9728.0/1024*x
		amb := x / vrta * (1 << 19)
		d := amb - 0x00587F5B/256.0
		ta := d/0x04A10289*(1<<20) - 432392/math.Pow(2, 44)*d*d + 0x1E0F/256.0
		s := float64(object) / 12 / (float64(ref) + 10752.0/1024*x) * (1 << 19)
		tao := (amb-5686508/256.0)/(4859535/65536.0) + 25
		to := 25.0
		for range 5 {
			a := 53855361 / math.Pow(2, 46) * (1 - 14556410*(to-25)/math.Pow(2, 36) + 42874149*(tao-25)/math.Pow(2, 36))
			to = math.Pow(s/a+math.Pow(tao+273.15, 4), 0.25) - 273.15
		}
		if math.Abs(ta-room) > 0.05 || math.Abs(to-36.5) > 0.05 {
			t.Errorf("at %.1f °C it says %.3f for itself and %.3f for skin of 36.5", room, ta, to)
		}
	}
}
