package thermometer

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Chip names a thermometer on I2C.
type Chip string

// The chips that are known.
const (
	ChipNone     Chip = ""
	ChipTMP117   Chip = "tmp117"
	ChipMAX30205 Chip = "max30205"
	ChipMLX90614 Chip = "mlx90614"
	ChipMLX90632 Chip = "mlx90632"
)

// Found is what answers at an address.
type Found struct {
	Addr     uint16
	Chip     Chip // ChipNone when it is none of ours
	Certain  bool // false: it looks like that chip, and others look the same
	Identity vitals.Identity
	Err      error // why it is none of ours
}

// addresses are where Detect looks: where the chips are as they come.
var addresses = [...]uint16{0x3A, 0x3B, 0x48, 0x49, 0x4A, 0x4B, 0x5A}

// Detect asks every address where one of the chips may be and returns those that answer, in order. It fails with ErrStuck when the bus
// hangs.
func Detect(bus i2c.Bus) ([]Found, error) {
	var all []Found
	for _, addr := range addresses {
		f, err := Probe(bus, addr)
		switch {
		case errors.Is(err, ErrAbsent):
			continue
		case errors.Is(err, ErrStuck):
			return all, err
		}
		f.Err = err
		all = append(all, f)
	}
	return all, nil
}

// Probe finds out which chip is at addr. It only reads registers: it writes their numbers and nothing else. (To a chip without registers, a
// PCF8574A port at 3A or 3B, a number is data: do not probe beside one.) The errors are ErrAbsent, ErrStuck, ErrDamaged, and ErrWrongChip
// when what answers is none of ours.
func Probe(bus i2c.Bus, addr uint16) (Found, error) {
	c := &chip{bus: bus, name: "chip", addr: addr}
	f := Found{Addr: addr, Certain: true}
	var err error
	switch {
	case addr == 0x3A || addr == 0x3B:
		f.Chip = ChipMLX90632
		f.Identity, err = c.isMLX90632()
	case addr == 0x5A:
		f.Chip = ChipMLX90614
		f.Identity, err = c.isMLX90614()
	case addr >= 0x40 && addr <= 0x5F:
		f, err = c.contactChip()
	default:
		err = fmt.Errorf("thermometer: %w: none of ours lives at %02X", ErrWrongChip, addr)
	}
	if err != nil {
		return Found{Addr: addr}, err
	}
	return f, nil
}

// contactChip tells the contact chips apart. The limits are asked for first: both have them, and a MAX30205 has no other registers.
func (c *chip) contactChip() (Found, error) {
	limits := c.isMAX30205()
	if limits == nil {
		return Found{Addr: c.addr, Chip: ChipMAX30205}, nil
	}
	if errors.Is(limits, ErrAbsent) || c.addr < 0x48 || c.addr > 0x4B {
		return Found{}, limits
	}
	identity, err := c.isTMP117()
	if errors.Is(err, ErrStuck) && errors.Is(limits, ErrWrongChip) {
		err = limits // other registers can be read: the bus is well
	}
	return Found{Addr: c.addr, Chip: ChipTMP117, Certain: true, Identity: identity}, err
}
