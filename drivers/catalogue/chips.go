package catalogue

import (
	"context"
	"slices"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// Sampler is a driver that gives one sample after another, and counts nothing.
type Sampler interface {
	Next(ctx context.Context) (vitals.Sample, error)
}

// ChipOpts is what must be told of a thermometer chip.
type ChipOpts struct {
	Address uint16      // 0 is the chip's usual one
	Site    vitals.Site // where the probe is put
	Supply  int         // of an MLX90614, mV; 0 is 3000
}

// Chip is one way in which a thermometer on an I2C bus speaks.
type Chip struct {
	Name    string
	Makes   string
	Address uint16 // the usual one, seven bits
	Open    func(i2c.Bus, ChipOpts) Sampler
}

var chips = []Chip{
	{"max30205", "Maxim MAX30205 contact probe", 0x48, func(b i2c.Bus, o ChipOpts) Sampler {
		d := thermometer.NewMAX30205(b, o.Address)
		d.Site = o.Site
		return d
	}},
	{"tmp117", "Texas Instruments TMP117 contact probe", 0x48, func(b i2c.Bus, o ChipOpts) Sampler {
		d := thermometer.NewTMP117(b, o.Address)
		d.Site = o.Site
		return d
	}},
	{"mlx90614", "Melexis MLX90614, surface only", 0x5A, func(b i2c.Bus, o ChipOpts) Sampler {
		d := thermometer.NewMLX90614(b, o.Address)
		d.Site, d.Supply = o.Site, o.Supply
		return d
	}},
	{"mlx90632", "Melexis MLX90632, surface only", 0x3A, func(b i2c.Bus, o ChipOpts) Sampler {
		d := thermometer.NewMLX90632(b, o.Address)
		d.Site = o.Site
		return d
	}},
}

// Chips are the protocols of I2C buses; all are thermometers.
func Chips() []Chip { return slices.Clone(chips) }

// ChipNames are their names.
func ChipNames() (names []string) {
	for _, c := range chips {
		names = append(names, c.Name)
	}
	return names
}

// FindChip returns the chip of that name.
func FindChip(name string) (Chip, bool) {
	i := slices.IndexFunc(chips, func(c Chip) bool { return c.Name == name })
	if i < 0 {
		return Chip{}, false
	}
	return chips[i], true
}

// New opens a chip's driver.
func (c Chip) New(b i2c.Bus, o ChipOpts) Sampler {
	if o.Address == 0 {
		o.Address = c.Address
	}
	return c.Open(b, o)
}
