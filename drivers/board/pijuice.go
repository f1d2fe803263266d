package board

import (
	"fmt"
	"strings"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// pijuice is PiSupply's board with a microcontroller of its own (PiJuice firmware, its I2C commands). A read is a command, then its bytes and a check
// byte: FF exclusive-or all of them.
//
//	40 status  bit 0 a fault, bit 1 a button; bits 3-2 the battery: 0 normal, 1 charging from the input, 2 from the 5 V of the Pi, 3 absent;
//	           bits 5-4 the USB input, 7-6 the Pi's 5 V: 0 absent, 1 bad, 2 weak, 3 present
//	41 charge  per cent
//	44 faults  bit 0 a button's power-off, bit 1 forced power-off, bit 2 forced SYS off, bit 3 watchdog, bit 5 the battery's profile is invalid;
//	           bits 7-6 the battery's temperature: 1 charging is suspended, 2 cool, 3 warm
//	49 voltage of the battery, mV, low byte first
//
// A Pi whose bus clock cannot be stretched loses the first bit of an answer; then the check byte fits with that bit set. Keep the bus at 100 kHz.
type pijuice struct{ i2c.Dev }

// Sense implements Gauge.
func (g *pijuice) Sense() (c Charge, err error) {
	status, err := g.read(0x40, 1)
	if err != nil {
		return c, err
	}
	charge, err := g.read(0x41, 1)
	if err != nil {
		return c, err
	}
	volts, err := g.read(0x49, 2)
	if err != nil {
		return c, err
	}
	c = g.status(status[0])
	c.CellMV = vitals.Some(int(volts[0]) | int(volts[1])<<8)
	if charge[0] <= 100 && status[0]>>2&3 != 3 {
		c.Percent = vitals.Some(vitals.Percent(charge[0]))
	}
	if status[0]&1 != 0 {
		faults, err := g.read(0x44, 1)
		if err != nil {
			return c, err
		}
		c.Fault = strings.Join(append(faultsOf(faults[0]), c.Fault), " ")
	}
	c.Fault = strings.TrimSpace(c.Fault)
	return c, nil
}

func (g *pijuice) status(s byte) (c Charge) {
	c.Source = Battery
	if s>>4&3 >= 2 || s>>6&3 >= 2 { // weak still feeds
		c.Source = Mains
	}
	switch s >> 2 & 3 {
	case 0:
		if c.Source == Battery {
			c.Charging = vitals.Some(false)
		}
	case 1, 2:
		c.Charging = vitals.Some(true)
	case 3:
		c.Fault = "no-battery"
	}
	return c
}

func faultsOf(f byte) (all []string) {
	if f>>5&1 == 1 {
		all = append(all, "battery-profile")
	}
	if f>>6&3 == 1 {
		all = append(all, "battery-too-hot-or-cold")
	}
	return all
}

func (g *pijuice) read(command byte, n int) ([]byte, error) {
	r := make([]byte, n+1)
	if err := g.Tx([]byte{command}, r); err != nil {
		return nil, fmt.Errorf("gauge at %02X, command %02X: %w", g.Addr, command, err)
	}
	for range 2 {
		sum := byte(0xFF)
		for _, b := range r[:n] {
			sum ^= b
		}
		if sum == r[n] {
			return r[:n], nil
		}
		r[0] |= 0x80 // the bit that such a bus loses
	}
	return nil, fmt.Errorf("gauge at %02X, command %02X: its check byte does not fit: run the bus at 100 kHz", g.Addr, command)
}
