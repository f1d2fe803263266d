package thermometer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"periph.io/x/conn/v3/i2c"
)

// What is wrong with a chip on I2C. The errors of drivers, Probe and Detect wrap one of these, or are the bus's own io.EOF at the end of a
// Transcript.
var (
	ErrAbsent    = errors.New("no answer")           // nothing acknowledges the address, three times
	ErrDamaged   = errors.New("damaged on the wire") // checksum wrong, or one register read differently, three times
	ErrStuck     = errors.New("bus is stuck")        // everything reads as 00 or as FF
	ErrWrongChip = errors.New("not this chip")       // something answers, but not as this chip would
	ErrSettings  = errors.New("not as configured")   // the chip's own calibration, or a setting that no chip can have
)

// tries is how often a transaction is tried. None of the commands here does harm when it is repeated.
const tries = 3

// chip is one address on a bus. Its buffers live as long as it does, so that no reading allocates.
type chip struct {
	bus  i2c.Bus
	name string
	addr uint16
	out  [4]byte
	in   [3]byte
}

// wrong makes an error of this chip.
func (c *chip) wrong(kind error, format string, args ...any) error {
	return fmt.Errorf("thermometer: %s at %02X: %w: %s", c.name, c.addr, kind, fmt.Sprintf(format, args...))
}

// tx writes the first w bytes of out and reads r bytes into in.
func (c *chip) tx(w, r int) error {
	var err error
	for range tries {
		if err = c.bus.Tx(c.addr, c.out[:w], c.in[:r]); err == nil {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return err
		}
	}
	return fmt.Errorf("thermometer: %s at %02X: %w: %w: check its cable, power and address", c.name, c.addr, ErrAbsent, err)
}

// word reads a 16-bit register with an address of one byte, high byte first.
func (c *chip) word(reg byte) (uint16, error) {
	c.out[0] = reg
	if err := c.tx(1, 2); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint16(c.in[:]), nil
}

// wide reads a 16-bit register with an address of two bytes, high bytes first.
func (c *chip) wide(reg uint16) (uint16, error) {
	binary.BigEndian.PutUint16(c.out[:], reg)
	if err := c.tx(2, 2); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint16(c.in[:]), nil
}

// single reads an 8-bit register.
func (c *chip) single(reg byte) (byte, error) {
	c.out[0] = reg
	if err := c.tx(1, 1); err != nil {
		return 0, err
	}
	return c.in[0], nil
}

// twice reads a register that holds still until two readings in a row agree: these chips send no checksum. At most tries pairs.
func twice[R, V byte | uint16](c *chip, read func(R) (V, error), reg R) (V, error) {
	last, err := read(reg)
	for range 2*tries - 1 {
		if err != nil {
			break
		}
		before := last
		if last, err = read(reg); err == nil && last == before {
			return last, nil
		}
	}
	if err == nil {
		err = c.wrong(ErrDamaged, "register %02X reads %02X, then something else: shorten the cable or slow the bus down", reg, last)
	}
	var none V
	return none, err
}

// stuck says that a line hangs: every one of these words, of which some never are, is all zeros or all ones.
func stuck(words ...uint16) bool {
	zeros, ones := true, true
	for _, w := range words {
		zeros, ones = zeros && w == 0, ones && w == 0xFFFF
	}
	return zeros || ones
}

// hanging is the error of a stuck bus.
func (c *chip) hanging(words ...uint16) error {
	return c.wrong(ErrStuck, "it reads as %04X: a wire is cut or shorted, or another chip holds the bus; switch the chips off and on", words)
}
