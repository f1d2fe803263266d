package board

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Charge is what a gauge tells of the battery.
type Charge struct {
	Percent  vitals.Maybe[vitals.Percent] // 0 to 100
	CellMV   vitals.Maybe[int]            // voltage of one cell, millivolts
	Charging vitals.Maybe[bool]           // current flows into it; false is out of it
	Source   Source                       // where the gauge knows what feeds the box
	Fault    string                       // what it says is wrong with itself or its battery; empty when nothing is
}

// Gauge is a battery gauge. Sense asks it once; an error is one of the bus, or of an answer that no gauge gives.
type Gauge interface{ Sense() (Charge, error) }

// GaugeOpts is what must be told of a gauge.
type GaugeOpts struct {
	Address  uint16 // seven bits; 0 is the usual one
	Cells    int    // in series; 0 is 1
	Reversed bool   // of an INA219: a positive current flows out of the battery, which depends on how the board is wired
}

// GaugeKind is one sort of gauge.
type GaugeKind struct {
	Name, Makes string
	Address     uint16
	Open        func(i2c.Bus, GaugeOpts) Gauge
}

// Gauges are those that there are drivers for.
var Gauges = []GaugeKind{
	{"max17040", "Maxim MAX17040", 0x36, func(b i2c.Bus, o GaugeOpts) Gauge { return &max17040{dev(b, o)} }},
	{"max17048", "Maxim MAX17048, Geekworm X728", 0x36, func(b i2c.Bus, o GaugeOpts) Gauge { return &max17048{dev(b, o)} }},
	{"ina219", "Texas Instruments INA219, as on Waveshare's UPS", 0x42, func(b i2c.Bus, o GaugeOpts) Gauge { return &ina219{dev(b, o), o} }},
	{"pijuice", "PiJuice", 0x14, func(b i2c.Bus, o GaugeOpts) Gauge { return &pijuice{dev(b, o)} }},
}

// OpenGauge returns the gauge of that name on a bus.
func OpenGauge(name string, b i2c.Bus, o GaugeOpts) (Gauge, error) {
	o.Cells = max(o.Cells, 1)
	for _, k := range Gauges {
		if k.Name == name {
			if o.Address == 0 {
				o.Address = k.Address
			}
			return k.Open(b, o), nil
		}
	}
	return nil, fmt.Errorf("there is no gauge %q", name)
}

func dev(b i2c.Bus, o GaugeOpts) i2c.Dev { return i2c.Dev{Bus: b, Addr: o.Address} }

// word reads a register of 16 bits, high byte first.
func word(d i2c.Dev, reg byte) (uint16, error) {
	var r [2]byte
	if err := d.Tx([]byte{reg}, r[:]); err != nil {
		return 0, fmt.Errorf("gauge at %02X, register %02X: %w", d.Addr, reg, err)
	}
	return uint16(r[0])<<8 | uint16(r[1]), nil
}

// errNoGauge is an answer of all ones or zeros, as a chip without supply gives it.
var errNoGauge = errors.New("its answer is none of a gauge: look at its supply and its wires")

// within is n, from lowest to highest.
func within(n, lowest, highest float64) float64 { return max(lowest, min(highest, n)) }
