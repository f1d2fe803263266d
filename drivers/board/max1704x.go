package board

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/vitals"
)

// Maxim's gauges of one cell (MAX17040 19-5210, MAX17048 19-6171). Words, high byte first:
//
//	02 VCELL  17040: upper 12 bits, 1.25 mV; 17048: 78.125 uV
//	04 SOC    per cent, and 1/256 of it in the low byte
//	16 CRATE  17048 alone: signed, 0.208 % an hour, positive while charging
//
// They cannot tell what feeds the box.
type (
	max17040 struct{ i2c.Dev }
	max17048 struct{ i2c.Dev }
)

// Sense implements Gauge.
func (g *max17040) Sense() (Charge, error) {
	return maxCharge(g.Dev, func(vcell uint16) float64 { return float64(vcell>>4) * 1.25 })
}

// Sense implements Gauge.
func (g *max17048) Sense() (Charge, error) {
	c, err := maxCharge(g.Dev, func(vcell uint16) float64 { return float64(vcell) * 0.078125 })
	if err != nil {
		return c, err
	}
	rate, err := word(g.Dev, 0x16)
	if err == nil && rate != 0 {
		c.Charging = vitals.Some(int16(rate) > 0)
	}
	return c, err
}

// Plausible answers: a cell that is neither dead nor burning, and a charge that may stand a little above full.
const (
	leastCellMV, mostCellMV = 2000, 4600
	mostSOC                 = 120
)

func maxCharge(d i2c.Dev, millivolts func(vcell uint16) float64) (c Charge, err error) {
	cell, err := word(d, 0x02)
	if err != nil {
		return c, err
	}
	soc, err := word(d, 0x04)
	if err != nil {
		return c, err
	}
	mv, percent := int(millivolts(cell)), int(soc>>8)
	if mv < leastCellMV || mv > mostCellMV || percent > mostSOC {
		return c, fmt.Errorf("gauge at %02X: %d mV, %d %%: %w", d.Addr, mv, percent, errNoGauge)
	}
	return Charge{CellMV: vitals.Some(mv), Percent: vitals.Some(vitals.Percent(min(percent, 100)))}, nil
}
