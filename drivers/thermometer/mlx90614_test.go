package thermometer

import (
	"errors"
	"math"
	"testing"
	"time"

	"nabz/drivers/vitals"
)

func TestPEC(t *testing.T) {
	if got := pec(0x5A, 0x07, 0xD2, 0x3A); got != 0x30 { // data sheet, figure 8
		t.Errorf("read 07 -> D2 3A: %02X, want 30", got)
	}
}

func TestDecodeMLX90614(t *testing.T) {
	for raw, want := range map[uint16]struct {
		value vitals.MilliCelsius
		ok    bool
	}{
		0x3AD2: {28_010, true}, // the word of figure 8: 301.16 K
		0x3C92: {36_970, true},
		0x2DE4: {-38_190, true}, // ends of the ambient's range
		0x4DC4: {125_010, true},
		0x7FFF: {382_190, true},
		0x0001: {-273_130, true},
		0x0000: {0, false},
		0x8000: {0, false},
		0xBAD2: {0, false},
		0xFFFF: {0, false},
	} {
		if got, ok := decodeMLX90614(raw); got != want.value || ok != want.ok {
			t.Errorf("%04X: %v %t, want %v %t", raw, got, ok, want.value, want.ok)
		}
	}
}

func TestEmissivity(t *testing.T) {
	for _, c := range []struct {
		seen, ambient, want vitals.MilliCelsius
		e                   float64
	}{
		{34_000, 25_000, 34_176, 0.98},
		{34_000, 25_000, 34_000, 1},
		{34_000, 25_000, 34_000, 0},
		{34_000, 34_000, 34_000, 0.5},
		{-270_000, 25_000, -273_150, 0.01}, // less than its surroundings alone would give
	} {
		if got := emitted(c.seen, c.ambient, c.e); got != c.want {
			t.Errorf("%v at %v, %g: %v, want %v", c.seen, c.ambient, c.e, got, c.want)
		}
	}
}

// atRest is the raw value of a temperature.
func atRest(celsius float64) uint16 { return uint16(math.Round((celsius + 273.15) * 50)) }

func TestMLX90614(t *testing.T) {
	bubble(t, func(t *testing.T) {
		bus := boardOf(0x5A, newMLX90614Part(atRest(34), atRest(25)))
		d := NewMLX90614(bus, 0x5A)
		d.Site, d.Supply, d.Emissivity = vitals.Forehead, 3300, 0.98
		start := time.Now()
		for _, got := range samples(t, d, 60) {
			if got != "-- forehead surface not-settled" {
				t.Fatalf("in the first minute: %q", got)
			}
		}
		asked := bus.count
		if got := samples(t, d, 1)[0]; got != "33.982 °C forehead surface" { // 33.99 less 0.18, then by emissivity
			t.Errorf("then %q", got)
		}
		if bus.count-asked != 2 || time.Since(start) != time.Minute || bus.stored != 0 {
			t.Errorf("%d transactions a reading, %s for a minute, %d times wrote", bus.count-asked, time.Since(start), bus.stored)
		}
		if want := (vitals.Identity{Manufacturer: "Melexis", Model: "MLX90614", Serial: "000100020003ABCD"}); d.Identity() != want {
			t.Errorf("identity %+v", d.Identity())
		}
	})
}

// The error bit spoils its own reading and everything before it.
func TestMLX90614ErrorBit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newMLX90614Part(atRest(34), atRest(25))
		d := NewMLX90614(boardOf(0x5A, p), 0x5A)
		samples(t, d, 61)
		for _, c := range []struct {
			reg  byte
			raw  uint16
			want string
		}{
			{mlx90614Object, 0xBC00, "--  surface hardware"},
			{mlx90614Object, 0x0000, "--  surface hardware"},
			{mlx90614Object, 0xFFFF, "--  surface hardware"},
			{mlx90614Ambient, 0x8000, "--  surface hardware"},
			{mlx90614Object, atRest(34), "--  surface not-settled"},
		} {
			p.word[mlx90614Object], p.word[mlx90614Ambient] = atRest(34), atRest(25)
			p.word[c.reg] = c.raw
			if got := samples(t, d, 1)[0]; got != c.want {
				t.Errorf("%04X: %q, want %q", c.raw, got, c.want)
			}
		}
	})
}

func TestMLX90614Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*smbus, *board, *MLX90614)
		want  error
	}{
		"emissivity cell": {func(p *smbus, _ *board, _ *MLX90614) { p.word[0x24] = 0xFAE0 }, ErrSettings},
		"5 V configured":  {func(_ *smbus, _ *board, d *MLX90614) { d.Supply = 5000 }, ErrSettings},
		"emissivity 1.1":  {func(_ *smbus, _ *board, d *MLX90614) { d.Emissivity = 1.1 }, ErrSettings},
		"not a number":    {func(_ *smbus, _ *board, d *MLX90614) { d.Emissivity = math.NaN() }, ErrSettings},
		"other address":   {func(p *smbus, _ *board, _ *MLX90614) { p.word[0x2E] = 0xBE33 }, ErrWrongChip},
		"nothing there":   {func(_ *smbus, b *board, _ *MLX90614) { b.parts = nil }, ErrAbsent},
		"wrong checksums": {func(_ *smbus, b *board, _ *MLX90614) { b.bend = func(_ int, r []byte) { r[2]++ } }, ErrDamaged},
		"stuck high":      {func(_ *smbus, b *board, _ *MLX90614) { b.bend = func(_ int, r []byte) { copy(r, "\xFF\xFF\xFF") } }, ErrStuck},
		"stuck low":       {func(_ *smbus, b *board, _ *MLX90614) { b.bend = func(_ int, r []byte) { clear(r) } }, ErrStuck},
	} {
		t.Run(name, func(t *testing.T) {
			p := newMLX90614Part(atRest(34), atRest(25))
			b := boardOf(0x5A, p)
			d := NewMLX90614(b, 0x5A)
			c.alter(p, b, d)
			if s, err := d.Next(t.Context()); !errors.Is(err, c.want) || s != (vitals.Sample{}) {
				t.Errorf("%+v, %v; want %v", s, err, c.want)
			}
			if name == "wrong checksums" && b.count != tries {
				t.Errorf("tried %d times", b.count)
			}
		})
	}
}
