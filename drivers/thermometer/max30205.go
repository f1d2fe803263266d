package thermometer

import (
	"context"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Registers of a MAX30205, and what is in them.
const (
	max30205Temperature = 0x00
	max30205Config      = 0x01
	max30205Hysteresis  = 0x02
	max30205Limit       = 0x03

	max30205Resting    = 0x01 // shut down between conversions
	max30205OneShot    = 0x81
	max30205Unmeasured = 0x0000
	max30205Absent     = 0xFFFF
	max30205At75       = 0x4B00 // hysteresis at power-up
	max30205At80       = 0x5000 // limit at power-up
)

// Times of a MAX30205.
const (
	max30205Conversion = 60 * time.Millisecond // 50 at most
	max30205Fast       = time.Second
	max30205Slow       = 10 * time.Second // then the chip does not warm itself (data sheet, note 5)
	max30205Approach   = time.Minute      // in which the probe may warm up
	max30205Warm       = 30_000           // at a body
)

// MAX30205 reads a Maxim MAX30205 as a contact probe. It is not safe for concurrent use.
type MAX30205 struct {
	Site vitals.Site // where the probe is put; empty is "not told". To be set before the first Next.

	chip
	pace
	begun  bool
	warmed time.Duration // since when it is warm
	warm   bool
}

// NewMAX30205 returns a driver of the chip at addr (48 as it comes; 32 addresses by its pins).
func NewMAX30205(bus i2c.Bus, addr uint16) *MAX30205 {
	return &MAX30205{chip: chip{bus: bus, name: "max30205", addr: addr}, pace: newPace(bus)}
}

// Next makes the chip convert once and returns the result in thousandths of a degree Celsius; one outside 10..45 °C is flagged out of
// range and has no number. It does so once a second while the probe approaches, and every ten seconds once it was at 30 °C or more for a
// minute, because the chip warms itself. The errors are ErrAbsent, ErrWrongChip, ErrStuck, ErrDamaged, ctx's, and io.EOF at the end of a
// transcript. After an error Next begins anew.
func (d *MAX30205) Next(ctx context.Context) (vitals.Sample, error) {
	at, err := d.next(ctx, max30205Fast)
	if err != nil {
		return vitals.Sample{}, err
	}
	s, err := d.read(ctx)
	d.begun = d.begun && err == nil
	d.rest(at, s)
	return s, err
}

// rest lets a probe that is warm for long be read seldom.
func (d *MAX30205) rest(at time.Duration, s vitals.Sample) {
	value, _ := s.Temperature.Value.Get()
	was := d.warm
	if d.warm = value >= max30205Warm; d.warm && !was {
		d.warmed = at
	}
	if d.warm && at-d.warmed >= max30205Approach {
		d.due = at + max30205Slow
	}
}

func (d *MAX30205) read(ctx context.Context) (vitals.Sample, error) {
	if err := d.begin(); err != nil {
		return vitals.Sample{}, err
	}
	if err := d.configure(max30205OneShot); err != nil {
		return vitals.Sample{}, err
	}
	if err := d.wait(ctx, max30205Conversion); err != nil {
		return vitals.Sample{}, err
	}
	raw, err := twice(&d.chip, d.word, max30205Temperature)
	if err != nil {
		return vitals.Sample{}, err
	}
	return decodeMAX30205(raw, d.Site), nil
}

// begin makes sure of the chip and of its resting between conversions, which a chip that was reset does not.
func (d *MAX30205) begin() error {
	if d.begun {
		config, err := twice(&d.chip, d.single, max30205Config)
		if err != nil || config == max30205Resting {
			return err
		}
	}
	if err := d.isMAX30205(); err != nil {
		return err
	}
	if err := d.configure(max30205Resting); err != nil {
		return err
	}
	config, err := twice(&d.chip, d.single, max30205Config)
	if err != nil {
		return err
	}
	if config != max30205Resting {
		return d.wrong(ErrDamaged, "configuration %02X was not taken: it reads %02X", max30205Resting, config)
	}
	d.begun = true
	return nil
}

func (d *MAX30205) configure(v byte) error {
	d.out[0], d.out[1] = max30205Config, v
	return d.tx(2, 0)
}

// isMAX30205 looks whether both limits are those of power-up, which nobody here changes. LM75 and TMP102 have the same.
func (c *chip) isMAX30205() error {
	low, err := twice(c, c.word, max30205Hysteresis)
	if err != nil {
		return err
	}
	high, err := twice(c, c.word, max30205Limit)
	switch {
	case err != nil:
		return err
	case stuck(low, high):
		return c.hanging(low, high)
	case low != max30205At75 || high != max30205At80:
		return c.wrong(ErrWrongChip, "its limits are %04X and %04X, want %04X and %04X", low, high, max30205At75, max30205At80)
	}
	return nil
}

// decodeMAX30205 reads the temperature register in the normal format, 1/256 °C a step.
func decodeMAX30205(raw uint16, site vitals.Site) vitals.Sample {
	switch raw {
	case max30205Unmeasured:
		return flagged(site, vitals.Direct, vitals.NotReady)
	case max30205Absent:
		return flagged(site, vitals.Direct, vitals.SensorOff)
	}
	return contact(site, scale(int16(raw), 125, 32))
}
