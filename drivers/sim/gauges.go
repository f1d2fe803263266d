package sim

import (
	"encoding/binary"
	"math"
	"sync"
	"syscall"
)

// Cell is the battery behind a simulated gauge. It is safe for concurrent use.
type Cell struct {
	mu      sync.Mutex
	percent float64
	flow    float64 // mA into it; below 0 out of it
	mains   bool
}

// NewCell returns a battery with so much charge, on the mains.
func NewCell(percent float64) *Cell { return &Cell{percent: percent, flow: 200, mains: true} }

// Set gives it a charge and what feeds the box.
func (c *Cell) Set(percent float64, mains bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.percent, c.mains, c.flow = percent, mains, 200
	if !mains {
		c.flow = -800
	}
}

func (c *Cell) now() (percent, millivolts, flow float64, mains bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.percent, 3000 + 12*c.percent, c.flow, c.mains
}

// words answers a read of registers of 16 bits, high byte first, as Maxim's and TI's gauges do; nothing can be written.
func words(w, r []byte, register func(byte) uint16) error {
	if len(w) == 0 {
		return syscall.EREMOTEIO
	}
	for i := 0; i+1 < len(r); i += 2 {
		binary.BigEndian.PutUint16(r[i:], register(w[0]+byte(i)))
	}
	return nil
}

// MAX1704x is Maxim's gauge (MAX17040 19-5210, MAX17048 19-6171): voltage in word 02, charge in 04, rate of change in 16.
type MAX1704x struct {
	*Cell
	Old bool // a MAX17040
}

// Tx implements Chip.
func (g MAX1704x) Tx(w, r []byte) error {
	percent, mv, flow, _ := g.now()
	return words(w, r, func(reg byte) uint16 {
		switch reg {
		case 0x02:
			if g.Old {
				return uint16(mv/1.25) << 4
			}
			return uint16(mv / 0.078125)
		case 0x04:
			return uint16(percent * 256)
		case 0x08:
			if g.Old {
				return 0x0002
			}
			return 0x0012
		case 0x0C:
			return 0x971C
		case 0x16:
			if g.Old {
				return 0
			}
			return uint16(int16(flow / 50 / 0.208)) // of a battery of 5 Ah
		}
		return 0
	})
}

// INA219 is TI's monitor (SBOS448G) on a board with cells in series and a shunt of 10 milliohm. Charging is positive there, as on Waveshare's.
type INA219 struct {
	*Cell
	Cells    int
	Overflow *bool // the arithmetic went too far
}

// Tx implements Chip.
func (g INA219) Tx(w, r []byte) error {
	_, mv, flow, _ := g.now()
	return words(w, r, func(reg byte) uint16 {
		switch reg {
		case 0x00:
			return 0x399F
		case 0x01:
			return uint16(int16(flow)) // 10 uV a step, 10 uV a mA
		case 0x02:
			v := uint16(math.Round(mv*float64(max(g.Cells, 1))/4))<<3 | 2
			if g.Overflow != nil && *g.Overflow {
				v |= 1
			}
			return v
		}
		return 0
	})
}

// PiJuice is PiSupply's board: commands whose answers end with a check byte. LostBit leaves out the first bit of each answer, as a Raspberry Pi's
// bus does whose clock is stretched too long.
type PiJuice struct {
	*Cell
	LostBit bool
	NoCell  bool
}

// Tx implements Chip.
func (g PiJuice) Tx(w, r []byte) error {
	percent, mv, _, mains := g.now()
	if len(w) != 1 || len(r) < 2 {
		return syscall.EREMOTEIO
	}
	data := make([]byte, len(r)-1)
	switch w[0] {
	case 0x40:
		status := byte(0)
		if mains {
			status = 1<<2 | 3<<4 // charging from its input
		}
		if g.NoCell {
			status = status&^0x0C | 3<<2
		}
		data[0] = status
	case 0x41:
		data[0] = byte(percent)
	case 0x49:
		binary.LittleEndian.PutUint16(data, uint16(mv))
	}
	sum := byte(0xFF)
	for i, b := range data {
		r[i], sum = b, sum^b
	}
	r[len(r)-1] = sum
	if g.LostBit {
		r[0] &^= 0x80
	}
	return nil
}
