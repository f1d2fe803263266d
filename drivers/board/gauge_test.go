package board

import (
	"strings"
	"testing"

	"periph.io/x/conn/v3/i2c/i2ctest"

	"nabz/drivers/sim"
	"nabz/drivers/vitals"
)

// TestGauges: each driver reads what its simulator, written from the manual, has in its cell.
func TestGauges(t *testing.T) {
	cell, overflow := sim.NewCell(60), true
	bus := sim.NewI2C()
	for addr, chip := range map[uint16]sim.Chip{
		0x36: sim.MAX1704x{Cell: cell}, 0x37: sim.MAX1704x{Cell: cell, Old: true}, 0x42: sim.INA219{Cell: cell, Cells: 2}, 0x43: sim.INA219{Cell: cell},
		0x44: sim.INA219{Cell: cell, Overflow: &overflow}, 0x14: sim.PiJuice{Cell: cell}, 0x15: sim.PiJuice{Cell: cell, LostBit: true}, 0x16: sim.PiJuice{Cell: cell, NoCell: true},
	} {
		bus.Attach(addr, chip)
	}
	for name, c := range map[string]struct {
		kind       string
		opts       GaugeOpts
		tells      bool   // the current's direction
		source     bool   // what feeds the box
		fails, ill string // parts of an error, and of a fault
	}{
		"MAX17048":                   {kind: "max17048", tells: true},
		"MAX17040":                   {kind: "max17040", opts: GaugeOpts{Address: 0x37}},
		"INA219, two cells":          {kind: "ina219", opts: GaugeOpts{Cells: 2}, tells: true},
		"INA219, one cell":           {kind: "ina219", opts: GaugeOpts{Address: 0x43}, tells: true},
		"INA219 that overflowed":     {kind: "ina219", opts: GaugeOpts{Address: 0x44}, fails: "overflowed"},
		"PiJuice":                    {kind: "pijuice", tells: true, source: true},
		"PiJuice on a stretched bus": {kind: "pijuice", opts: GaugeOpts{Address: 0x15}, tells: true, source: true},
		"PiJuice without battery":    {kind: "pijuice", opts: GaugeOpts{Address: 0x16}, source: true, ill: "no-battery"},
		"nothing there":              {kind: "max17048", opts: GaugeOpts{Address: 0x50}, fails: "gauge at 50"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := OpenGauge(c.kind, bus, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			for _, mains := range []bool{true, false} {
				cell.Set(60, mains)
				got, err := g.Sense()
				if c.fails != "" {
					if err == nil || !strings.Contains(err.Error(), c.fails) {
						t.Errorf("error %v, want one with %q", err, c.fails)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.Fault != c.ill {
					t.Errorf("fault %q, want %q", got.Fault, c.ill)
				}
				if n, known := got.Percent.Get(); c.ill == "" && (!known || n < 59 || n > 60) {
					t.Errorf("charge %v, want 60", got.Percent)
				}
				if mv, _ := got.CellMV.Get(); mv < 3710 || mv > 3730 {
					t.Errorf("%d mV, want 3720", mv)
				}
				if flow, known := got.Charging.Get(); known != c.tells || known && flow != mains {
					t.Errorf("charging %v on mains %t", got.Charging, mains)
				}
				if want := map[bool]Source{true: Mains, false: Battery}[mains]; c.source && got.Source != want {
					t.Errorf("source %q, want %q", got.Source, want)
				}
			}
		})
	}
}

// TestNoGauge: what no gauge answers is an error and never a charge.
func TestNoGauge(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		ops  []i2ctest.IO
	}{
		"all ones":           {"max17048", []i2ctest.IO{{Addr: 0x36, W: []byte{2}, R: []byte{0xFF, 0xFF}}, {Addr: 0x36, W: []byte{4}, R: []byte{0xFF, 0xFF}}}},
		"all zeros":          {"max17040", []i2ctest.IO{{Addr: 0x36, W: []byte{2}, R: []byte{0, 0}}, {Addr: 0x36, W: []byte{4}, R: []byte{0, 0}}}},
		"INA219, all ones":   {"ina219", []i2ctest.IO{{Addr: 0x42, W: []byte{0}, R: []byte{0xFF, 0xFF}}, {Addr: 0x42, W: []byte{2}, R: []byte{0xFF, 0xFF}}}},
		"PiJuice, bad check": {"pijuice", []i2ctest.IO{{Addr: 0x14, W: []byte{0x40}, R: []byte{0x34, 0x00}}}},
	} {
		t.Run(name, func(t *testing.T) {
			bus := &i2ctest.Playback{Ops: c.ops, DontPanic: true}
			g, err := OpenGauge(c.kind, bus, GaugeOpts{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := g.Sense(); err == nil || got != (Charge{}) {
				t.Errorf("%+v, error %v", got, err)
			}
			if err := bus.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMAX17048Words: words of the data sheet's own scale (19-6171, table 2): 78.125 uV, 1/256 per cent, 0.208 % an hour.
func TestMAX17048Words(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
		{Addr: 0x36, W: []byte{0x02}, R: []byte{0xC0, 0x00}}, // 49152 x 78.125 uV = 3840 mV
		{Addr: 0x36, W: []byte{0x04}, R: []byte{0x32, 0x80}}, // 50.5 %
		{Addr: 0x36, W: []byte{0x16}, R: []byte{0xFF, 0xF0}}, // -16
	}}
	g, err := OpenGauge("max17048", bus, GaugeOpts{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := g.Sense()
	want := Charge{Percent: vitals.Some(vitals.Percent(50)), CellMV: vitals.Some(3840), Charging: vitals.Some(false)}
	if err != nil || got != want {
		t.Errorf("%+v, error %v; want %+v", got, err, want)
	}
}
