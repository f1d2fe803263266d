package thermometer

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Registers of a TMP117, and what is in them.
const (
	tmp117Temperature = 0x00
	tmp117Config      = 0x01
	tmp117Offset      = 0x07
	tmp117ID          = 0x0F

	tmp117Device     = 0x0117
	tmp117Unmeasured = 0x8000 // -256 °C: no conversion since power-up
	tmp117Running    = 0x0220 // continuous, one conversion a second, eight averaged: the power-up value
	tmp117Settings   = 0x0FFC // the bits of the above
	tmp117Ready      = 1 << 13
)

// tmp117Serial are the words that the maker fills with a number of its own.
var tmp117Serial = [...]byte{0x05, 0x06, 0x08}

// Times of a TMP117.
const (
	tmp117Period = 900 * time.Millisecond // a little less than the chip's own second
	tmp117Poll   = 50 * time.Millisecond
	tmp117Polls  = 40 // two seconds
)

// TMP117 reads a Texas Instruments TMP117 as a contact probe. It is not safe for concurrent use.
type TMP117 struct {
	Site   vitals.Site // where the probe is put; empty is "not told". To be set before the first Next.
	Offset uint16      // what the chip's offset register must hold, 7.8125 m°C a step; 0 from the factory

	chip
	pace
	begun    bool
	identity vitals.Identity
}

// NewTMP117 returns a driver of the chip at addr (48 to 4B).
func NewTMP117(bus i2c.Bus, addr uint16) *TMP117 {
	return &TMP117{chip: chip{bus: bus, name: "tmp117", addr: addr}, pace: newPace(bus)}
}

// Identity is what the chip tells of itself; empty before the first Next.
func (d *TMP117) Identity() vitals.Identity { return d.identity }

// Next returns the chip's next conversion, about one a second, in thousandths of a degree Celsius; one outside 10..45 °C is flagged out of
// range and has no number. A chip that converts nothing in two seconds is a sample flagged not-ready. The errors are ErrAbsent,
// ErrWrongChip, ErrStuck, ErrDamaged, ErrSettings, ctx's, and io.EOF at the end of a transcript. After an error Next begins anew.
func (d *TMP117) Next(ctx context.Context) (vitals.Sample, error) {
	if _, err := d.next(ctx, tmp117Period); err != nil {
		return vitals.Sample{}, err
	}
	s, err := d.read(ctx)
	d.begun = d.begun && err == nil
	return s, err
}

func (d *TMP117) read(ctx context.Context) (vitals.Sample, error) {
	if err := d.begin(); err != nil {
		return vitals.Sample{}, err
	}
	for range tmp117Polls {
		config, err := d.running()
		if err != nil {
			return vitals.Sample{}, err
		}
		if config&tmp117Settings != tmp117Running {
			d.begun = false // it was reset or the bus fails: begin finds out which
			return flagged(d.Site, vitals.Direct, vitals.NotReady), nil
		}
		if config&tmp117Ready != 0 {
			raw, err := twice(&d.chip, d.word, tmp117Temperature)
			if err != nil {
				return vitals.Sample{}, err
			}
			return decodeTMP117(raw, d.Site), nil
		}
		if err := d.wait(ctx, tmp117Poll); err != nil {
			return vitals.Sample{}, err
		}
	}
	return flagged(d.Site, vitals.Direct, vitals.NotReady), nil
}

// begin makes sure of the chip and lets it run. Reading the configuration clears the ready bit, so an old conversion does not count.
func (d *TMP117) begin() error {
	if d.begun {
		return nil
	}
	identity, err := d.isTMP117()
	if err != nil {
		return err
	}
	offset, err := twice(&d.chip, d.word, tmp117Offset)
	if err != nil {
		return err
	}
	if offset != d.Offset {
		return d.wrong(ErrSettings, "offset register is %04X, configured is %04X", offset, d.Offset)
	}
	d.out = [...]byte{tmp117Config, tmp117Running >> 8, tmp117Running & 0xFF, 0}
	if err := d.tx(3, 0); err != nil {
		return err
	}
	config, err := d.running()
	if err != nil {
		return err
	}
	if config&tmp117Settings != tmp117Running {
		return d.wrong(ErrDamaged, "configuration %04X was not taken: it reads %04X", tmp117Running, config)
	}
	d.identity, d.begun = identity, true
	return nil
}

// running reads the configuration, again if it is not what it should be.
func (d *TMP117) running() (config uint16, err error) {
	for range tries {
		if config, err = d.word(tmp117Config); err != nil || config&tmp117Settings == tmp117Running {
			break
		}
	}
	return config, err
}

// isTMP117 reads who the chip is.
func (c *chip) isTMP117() (vitals.Identity, error) {
	id, err := twice(c, c.word, tmp117ID)
	if err != nil {
		return vitals.Identity{}, err
	}
	if stuck(id) {
		return vitals.Identity{}, c.hanging(id)
	}
	if id != tmp117Device {
		return vitals.Identity{}, c.wrong(ErrWrongChip, "identity %04X, want %04X", id, tmp117Device)
	}
	var serial [len(tmp117Serial)]uint16
	for i, reg := range tmp117Serial {
		if serial[i], err = twice(c, c.word, reg); err != nil {
			return vitals.Identity{}, err
		}
	}
	return vitals.Identity{
		Manufacturer: "Texas Instruments", Model: "TMP117", Serial: fmt.Sprintf("%04X%04X%04X", serial[0], serial[1], serial[2]),
	}, nil
}

// decodeTMP117 reads the temperature register, 7.8125 m°C a step.
func decodeTMP117(raw uint16, site vitals.Site) vitals.Sample {
	if raw == tmp117Unmeasured {
		return flagged(site, vitals.Direct, vitals.NotReady)
	}
	return contact(site, scale(int16(raw), 125, 16))
}
