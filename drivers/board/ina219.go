package board

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// ina219 is Texas Instruments' monitor of voltage and current (SBOS448G), as UPS boards have it. Words, high byte first:
//
//	00 configuration  399F after power-on: 32 V, shunt 320 mV, both measured all the time
//	01 shunt          signed, 10 uV
//	02 bus            in bits 15 to 3: 4 mV; bit 1: a measurement is complete; bit 0: the arithmetic overflowed
//
// It measures no charge: the voltage of cells at rest stands for it, 3.0 V empty and 4.2 V full (Waveshare, UPS HAT), which is little more than a
// guess while much current flows.
type ina219 struct {
	i2c.Dev
	o GaugeOpts
}

// flowing is what the shunt shows at least while the battery charges or feeds the box, in microvolts: 100 uV are 10 mA at the usual 10 milliohm.
const flowing = 100

// Sense implements Gauge.
func (g *ina219) Sense() (c Charge, err error) {
	config, err := word(g.Dev, 0x00)
	if err != nil {
		return c, err
	}
	bus, err := word(g.Dev, 0x02)
	if err != nil {
		return c, err
	}
	if config == 0 || config == 0xFFFF || bus == 0xFFFF {
		return c, fmt.Errorf("gauge at %02X: %w", g.Addr, errNoGauge)
	}
	if bus&1 != 0 {
		return c, fmt.Errorf("gauge at %02X: it says that its measurement overflowed: look at its shunt", g.Addr)
	}
	shunt, err := word(g.Dev, 0x01)
	if err != nil {
		return c, err
	}
	cell := int(bus>>3) * 4 / g.o.Cells
	c.CellMV = vitals.Some(cell)
	c.Percent = vitals.Some(vitals.Percent(within(float64(cell-3000)/1200*100, 0, 100)))
	if uv := int(int16(shunt)) * 10; uv >= flowing || uv <= -flowing {
		c.Charging = vitals.Some((uv > 0) != g.o.Reversed)
	}
	return c, nil
}
