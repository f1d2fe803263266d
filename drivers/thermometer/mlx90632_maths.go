package thermometer

import (
	"math"

	"nabz/drivers/vitals"
)

// calibration is what the maker measured on this very chip. The names are Melexis's.
type calibration struct {
	pr, pg, pt, po         int32
	ea, eb, fa, fb, ga     int32
	gb, ka, haGain, hbBias int16
}

// calibrated reads the calibration, every word twice. Words of 32 bits have their lower half first.
func (d *MLX90632) calibrated() (calibration, error) {
	var c calibration
	for _, at := range [...]struct {
		reg  uint16
		into *int32
	}{
		{0x240C, &c.pr},
		{0x240E, &c.pg},
		{0x2410, &c.pt},
		{0x2412, &c.po},
		{0x2424, &c.ea},
		{0x2426, &c.eb},
		{0x2428, &c.fa},
		{0x242A, &c.fb},
		{0x242C, &c.ga},
	} {
		low, err := twice(&d.chip, d.wide, at.reg)
		if err != nil {
			return c, err
		}
		high, err := twice(&d.chip, d.wide, at.reg+1)
		if err != nil {
			return c, err
		}
		*at.into = int32(uint32(high)<<16 | uint32(low))
	}
	for _, at := range [...]struct {
		reg  uint16
		into *int16
	}{{0x242E, &c.gb}, {0x242F, &c.ka}, {0x2481, &c.haGain}, {0x2482, &c.hbBias}} {
		v, err := twice(&d.chip, d.wide, at.reg)
		if err != nil {
			return c, err
		}
		*at.into = int16(v)
	}
	if c.pg == 0 || c.ea == 0 || c.fa == 0 || c.haGain == 0 {
		return c, d.wrong(ErrWrongChip, "it has no calibration")
	}
	return c, nil
}

// raw is one reading: the newest two measurements of the sensor's own temperature and of the object.
type raw struct{ ambientNew, ambientOld, objectNew, objectOld int16 }

func mean16(a, b int16) int16 { return int16((int(a) + int(b)) / 2) }

// Scales of Melexis's arithmetic.
const (
	reference = 12.0
	kelvin0   = 273.15
)

// convert gives the object's and the sensor's temperature, or false when the numbers lead nowhere.
func (c *calibration) convert(r raw, emissivity float64) (object, ambient vitals.MilliCelsius, ok bool) {
	a, s := c.ratios(r)
	o, t := c.object(s, a, emissivity), c.ambientOf(a)
	if !believable(o) || !believable(t) {
		return 0, 0, false
	}
	return vitals.MilliCelsius(math.Round(o * 1000)), vitals.MilliCelsius(math.Round(t * 1000)), true
}

// believable says that c is a number and within what the chip could see at all.
func believable(c float64) bool { return c > -kelvin0 && c < 1000 }

// ratios are the sensor's signal and the object's, each against its reference.
func (c *calibration) ratios(r raw) (ambient, object float64) {
	now, before := float64(r.ambientNew)/reference, float64(r.ambientOld)
	ambient = now / (before + float64(c.gb)/1024*now) * (1 << 19)
	seen := (float64(r.objectNew) + float64(r.objectOld)) / 2 / reference
	object = seen / (before + float64(c.ka)/1024*now) * (1 << 19)
	return ambient, object
}

// ambientOf is the sensor's own temperature in degrees Celsius.
func (c *calibration) ambientOf(a float64) float64 {
	d := a - float64(c.pr)/(1<<8)
	return d/float64(c.pg)*(1<<20) + float64(c.pt)/(1<<44)*d*d + float64(c.po)/(1<<8)
}

// object is the object's temperature in degrees Celsius: five rounds, each with the gain that belongs to the one before.
func (c *calibration) object(s, a, emissivity float64) float64 {
	if emissivity == 0 {
		emissivity = 1
	}
	sensor := (a-float64(c.eb)/(1<<8))/(float64(c.ea)/(1<<16)) + 25
	base := math.Pow(sensor+kelvin0, 4)
	t := 25.0
	for range 5 {
		drift := 1 + float64(c.ga)*(t-25)/(1<<36) + float64(c.fb)*(sensor-25)/(1<<36)
		gain := float64(c.fa) / (1 << 46) * (float64(c.haGain) / (1 << 14)) * drift
		t = math.Pow(s/(emissivity*gain)+base, 0.25) - kelvin0 - float64(c.hbBias)/(1<<10)
	}
	return t
}
