package stage

import (
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/port"
	"nabz/drivers/sim"
)

// Box is a Geekworm X728 that is simulated: its GPIO lines, and its gauge on a bus that takes more chips.
type Box struct {
	Lines *sim.Lines
	Bus   *sim.I2C
	Cell  *sim.Cell
}

// The lines of an X728.
const (
	MainsLost = 6
	Button    = 5
	Beeper    = 20
	CutPower  = 26
)

// NewBox returns one on the mains with a battery that is charged.
func NewBox() Box {
	b := Box{sim.NewLines(), sim.NewI2C(), sim.NewCell(80)}
	b.Bus.Attach(0x36, sim.MAX1704x{Cell: b.Cell})
	return b
}

// Mains gives the mains or takes it, with a battery of that charge.
func (b Box) Mains(there bool, percent float64) {
	b.Cell.Set(percent, there)
	b.Lines.Set(MainsLost, gpio.Level(!there))
}

// Ports is the machine's system with the box's lines and bus in place of its own.
func (b Box) Ports() port.System {
	s := port.Host
	s.OpenI2C = func(string) (i2c.BusCloser, error) { return bus{b.Bus}, nil }
	s.OpenInput = func(p port.Pin, _ gpio.Pull) (port.InputLine, error) {
		l, err := b.Lines.Line(p.Offset)
		if err != nil {
			return nil, err
		}
		return l, nil
	}
	s.OpenOutput = func(p port.Pin, level gpio.Level) (port.OutputLine, error) {
		l, err := b.Lines.Line(p.Offset)
		if err != nil {
			return nil, err
		}
		return l, l.Out(level)
	}
	return s
}

type bus struct{ *sim.I2C }

func (bus) Close() error { return nil }
