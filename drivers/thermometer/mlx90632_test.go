package thermometer

import (
	"errors"
	"math"
	"testing"

	"nabz/drivers/vitals"
)

// example is the calibration that Melexis's own tests use (mlx90632-library, test/TestDSP.c); the names and numbers are from there.
var example = calibration{
	pr: 0x00587F5B, pg: 0x04A10289, pt: -432_392, po: 0x1E0F,
	ea: 4_859_535, eb: 5_686_508, fa: 53_855_361, fb: 42_874_149, ga: -14_556_410,
	gb: 9728, ka: 10_752, haGain: 16_384, hbBias: 0,
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

// Melexis's expectations, which hold within 0.01 °C.
func TestMLX90632Vectors(t *testing.T) {
	for _, c := range []struct {
		now, before int16
		ratio, want float64
	}{
		{22_454, 23_030, 24_041.27, 48.724}, {100, 150, 19_065.018, -18.734}, {32_767, 32_766, 24_385.9, 53.350},
	} {
		a, _ := example.ratios(raw{ambientNew: c.now, ambientOld: c.before})
		if got := example.ambientOf(a); !near(a, c.ratio, 0.01) || !near(got, c.want, 0.01) {
			t.Errorf("ambient %d, %d: %g and %g, want %g and %g", c.now, c.before, a, got, c.ratio, c.want)
		}
	}
	for _, c := range []struct {
		now, before, bias int16
		want              float64
	}{
		{609, 611, 0, 55.507},
		{149, 151, 0, 51.123},
		{-149, -151, 0, 48.171},
		{-147, -149, 0, 48.192},
		{32_767, 32_767, 0, 212.844},
		{-5000, -5000, 0, -16.653},
		{26_901, 26_899, 0, 193.917},
		{27_105, 27_095, 0, 194.599},
		{609, 611, 10_240, 45.495},
		{149, 151, 10_240, 41.121},
		{-149, -151, 10_240, 38.174},
		{32_767, 32_767, 10_240, 202.628},
		{-5000, -5000, 10_240, -26.457},
	} {
		k := example
		k.hbBias = c.bias
		a, s := k.ratios(raw{ambientNew: 22_454, ambientOld: 23_030, objectNew: c.now, objectOld: c.before})
		if got := k.object(s, a, 1); !near(got, c.want, 0.01) {
			t.Errorf("object %d, %d, bias %d: %.4f, want %g", c.now, c.before, c.bias, got, c.want)
		}
	}
}

func TestMLX90632ImpossibleNumbers(t *testing.T) {
	for name, r := range map[string]raw{
		"zeros":                  {},
		"a reference of zero":    {ambientOld: 0, objectNew: 100, objectOld: 100},
		"less than no radiation": {ambientNew: 22_454, ambientOld: 23_030, objectNew: -32_768, objectOld: -32_768},
	} {
		if o, a, ok := example.convert(r, 1); ok || o != 0 || a != 0 {
			t.Errorf("%s: %v at %v was believed", name, o, a)
		}
	}
}

// newMLX90632Part is a chip with the example's calibration in a room of 25.0 °C that looks at something of 34 °C.
func newMLX90632Part(skin, ambient float64) *wide {
	p := &wide{reg: map[uint16]uint16{mlx90632Version: mlx90632Medical, mlx90632Control: 0x0001}}
	for reg, v := range map[uint16]int32{
		0x240C: example.pr, 0x240E: example.pg, 0x2410: example.pt, 0x2412: example.po, 0x2424: example.ea, 0x2426: example.eb,
		0x2428: example.fa, 0x242A: example.fb, 0x242C: example.ga,
	} {
		p.reg[reg], p.reg[reg+1] = uint16(v), uint16(v>>16)
	}
	for reg, v := range map[uint16]int16{0x242E: example.gb, 0x242F: example.ka, 0x2481: example.haGain, 0x2482: example.hbBias} {
		p.reg[reg] = uint16(v)
	}
	r := seenAs(skin, ambient)
	for n, v := range []int16{r.objectNew, r.objectNew, r.ambientNew, r.objectOld, r.objectOld, r.ambientOld} {
		p.reg[mlx90632RAM+3+uint16(n)] = uint16(v)
	}
	return p
}

// seenAs finds what the chip would have measured, by halving.
func seenAs(skin, ambient float64) raw {
	r := raw{ambientOld: 23_030}
	r.ambientNew = halve(func(v int16) bool {
		a, _ := example.ratios(raw{ambientNew: v, ambientOld: r.ambientOld})
		return example.ambientOf(a) < ambient
	})
	object := halve(func(v int16) bool {
		a, s := example.ratios(raw{ambientNew: r.ambientNew, ambientOld: r.ambientOld, objectNew: v, objectOld: v})
		return example.object(s, a, 1) < skin
	})
	r.objectNew, r.objectOld = object, object
	return r
}

func halve(below func(int16) bool) int16 {
	lo, hi := -16_000, 32_000
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; below(int16(mid)) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return int16(hi)
}

func TestMLX90632(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newMLX90632Part(34, 25)
		d := NewMLX90632(boardOf(0x3A, p), 0x3A)
		d.Site = vitals.Forehead
		for _, got := range samples(t, d, 60) {
			if got != "-- forehead surface not-settled" {
				t.Fatalf("in the first minute: %q", got)
			}
		}
		s, err := d.Next(t.Context())
		if v, ok := s.Temperature.Value.Get(); err != nil || !ok || v < 33_980 || v > 34_020 {
			t.Errorf("%q, %v", text(s), err)
		}
		if p.reg[mlx90632Control]&mlx90632Mode != mlx90632Continuous || p.reg[mlx90632Control]&1 != 1 {
			t.Errorf("control %04X", p.reg[mlx90632Control])
		}
		if want := (vitals.Identity{Manufacturer: "Melexis", Model: "MLX90632", Firmware: "0105"}); d.Identity() != want {
			t.Errorf("identity %+v", d.Identity())
		}
		p.reg[mlx90632RAM+3+2] = 0 // the sensor's own temperature is lost
		p.reg[mlx90632RAM+6+2] = 0
		if got := samples(t, d, 1)[0]; got != "-- forehead surface hardware" {
			t.Errorf("no ambient: %q", got)
		}
		p.silent = true
		p.reg[mlx90632Status] = 0b101 // a measurement that ended long ago
		if got := samples(t, d, 1)[0]; got != "-- forehead surface not-ready" {
			t.Errorf("no measurement: %q", got)
		}
		p.reg[mlx90632Control] = 0xFFFF
		if _, err := d.Next(t.Context()); err != nil {
			t.Errorf("a chip that was reset: %v", err)
		}
	})
}

func TestMLX90632Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*wide, *board)
		want  error
	}{
		"consumer part":  {func(p *wide, _ *board) { p.reg[mlx90632Version] = 0x0205 }, ErrWrongChip},
		"extended range": {func(p *wide, _ *board) { p.reg[mlx90632Version] = 0x0505 }, ErrWrongChip},
		"other maths":    {func(p *wide, _ *board) { p.reg[mlx90632Version] = 0x0104 }, ErrWrongChip},
		"blank":          {func(p *wide, _ *board) { p.reg[0x240E], p.reg[0x240F] = 0, 0 }, ErrWrongChip},
		"nothing there":  {func(_ *wide, b *board) { b.parts = nil }, ErrAbsent},
		"stuck low":      {func(_ *wide, b *board) { b.bend = func(_ int, r []byte) { clear(r) } }, ErrStuck},
		"stuck high":     {func(_ *wide, b *board) { b.bend = func(_ int, r []byte) { r[0], r[1] = 0xFF, 0xFF } }, ErrStuck},
		"noisy wire":     {func(_ *wide, b *board) { b.bend = func(n int, r []byte) { r[0] ^= byte(n) } }, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			p := newMLX90632Part(34, 25)
			b := boardOf(0x3A, p)
			c.alter(p, b)
			if s, err := NewMLX90632(b, 0x3A).Next(t.Context()); !errors.Is(err, c.want) || s != (vitals.Sample{}) {
				t.Errorf("%+v, %v; want %v", s, err, c.want)
			}
		})
	}
}

// A place in another table of measurements is not read as one of ours.
func TestMLX90632OtherTable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newMLX90632Part(34, 25)
		d := NewMLX90632(boardOf(0x3A, p), 0x3A)
		samples(t, d, 1)
		p.silent = true
		p.reg[mlx90632Status] = 17<<mlx90632Position | mlx90632New
		b := d.bus.(*board)
		b.bend = func(_ int, r []byte) {
			if p.at == mlx90632Status {
				r[0], r[1] = 0, 17<<mlx90632Position|mlx90632New
			}
		}
		if got := samples(t, d, 1)[0]; got != "--  surface hardware" {
			t.Errorf("got %q", got)
		}
	})
}
