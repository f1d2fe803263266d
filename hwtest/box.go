package hwtest

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/drivers/port"
	"nabz/firmware/clock"
	"nabz/firmware/config"
	"nabz/firmware/power"
)

// supply is what feeds the box, and whether what tells of that works.
func (b Bench) supply() Check {
	return Check{
		Name: "power", Description: "The mains feeds the box, and the battery can take over.",
		Run: func(context.Context) Result {
			s, c, err := b.power()
			if err != nil {
				return failed(err.Error(), "look at the battery board, its bus and its wires")
			}
			values := []Value{number("source", string(s.Source), "", "mains")}
			if n, known := s.Charge.Get(); known {
				values = append(values, number("charge", int(n), "%", "at least 15"))
			}
			if mv, known := c.CellMV.Get(); known {
				values = append(values, number("cell", mv, "mV", "at least 3400"))
			}
			switch {
			case s.Blind:
				return failed("the line that tells of the mains is dead", "look at its wire and its number in kiosk.toml", values...)
			case s.Deaf:
				return failed("the battery's gauge does not answer", "look at the battery board and its bus", values...)
			case c.Fault != "":
				return failed("the battery board reports: "+c.Fault, "look at the battery", values...)
			case s.Low:
				return failed("the battery is nearly empty", "plug the mains in", values...)
			case s.Source == board.Battery:
				return failed("the mains does not feed the box", "plug it in, and look at the fuse", values...)
			case s.Source == board.Unknown:
				return Result{Verdict: Pass, Why: "nothing tells what feeds this box"}
			}
			return passed(values...)
		},
	}
}

// looks are as many as it takes until a low battery is believed.
const looks = 3

// power asks the running kiosk, or looks itself.
func (b Bench) power() (power.State, board.Charge, error) {
	if b.Kiosk != nil {
		return b.Kiosk.Power(), board.Charge{}, nil
	}
	p, err := b.Kernel()
	if err != nil {
		return power.State{}, board.Charge{}, err
	}
	seen, err := b.look()
	if err != nil {
		return power.State{}, board.Charge{}, err
	}
	var c board.Charge
	if seen.Gauge != nil {
		c = *seen.Gauge
	}
	var w power.Watch // as the kiosk judges it, were it so for a while
	var s power.State
	for i := range looks {
		s = w.See(p.With(seen), time.Now().Add(time.Duration(i)*time.Second))
	}
	return s, c, nil
}

// look reads the box's own lines and gauge once.
func (b Bench) look() (s board.Seen, err error) {
	for _, l := range []struct {
		line config.BoardLine
		to   **board.Line
	}{{b.Config.Board.MainsLost, &s.MainsLost}, {b.Config.Board.BatteryLow, &s.BatteryLow}} {
		if l.line.There {
			*l.to = &board.Line{Dead: true}
			if active, err := b.level(l.line); err == nil {
				*l.to = &board.Line{Active: active}
			}
		}
	}
	g := b.Config.Board.Gauge
	if g.Kind == "" {
		return s, nil
	}
	bus, err := b.Ports.OpenI2C(g.Bus)
	if err != nil {
		return s, err
	}
	defer bus.Close() // nothing is left to write
	gauge, err := board.OpenGauge(g.Kind, bus, board.GaugeOpts{Address: uint16(g.Address), Cells: g.Cells, Reversed: g.Reversed})
	if err != nil {
		return s, err
	}
	c, err := gauge.Sense()
	s.Gauge = &c
	return s, err
}

// level says whether a line is active now.
func (b Bench) level(l config.BoardLine) (bool, error) {
	in, err := b.Ports.OpenInput(port.Pin{Chip: b.Config.Board.Chip, Offset: l.Line}, gpio.PullNoChange)
	if err != nil {
		return false, err
	}
	defer in.Close() // as above
	level, err := in.Level()
	return bool(level) != l.Low, err
}

// hottest is where a Raspberry Pi begins to slow down.
const hottest = 80

// heat is the board's temperature and its supply of 5 V.
func (b Bench) heat() Check {
	return Check{
		Name: "board", Description: "The board is not too hot, and its 5 V are strong enough.",
		Run: func(context.Context) Result {
			h := b.Sys.Health()
			var values []Value
			t, hot := h.Temperature.Get()
			if hot {
				values = append(values, number("processor", float64(t)/1000, "°C", fmt.Sprintf("below %d", hottest)))
			}
			low, told := h.UnderVoltage.Get()
			if told {
				values = append(values, number("under-voltage now", low, "", "false"))
			}
			bits, _ := h.Throttled.Get()
			if h.Throttled.Known() {
				values = append(values, number("under-voltage since the start", bits.Since()&board.NowUnderVoltage != 0, "", "false"))
			}
			switch {
			case low || bits.Since()&board.NowUnderVoltage != 0:
				return failed("its 5 V are, or were, too weak", "use the maker's supply and a short thick cable", values...)
			case hot && t >= hottest*1000:
				return failed("it is too hot", "free its vents, and move it out of the sun", values...)
			case len(values) == 0:
				return Result{Verdict: Pass, Why: "this board tells nothing of its health"}
			}
			return passed(values...)
		},
	}
}

// time is where the clock has its time from.
func (b Bench) time() Check {
	return Check{
		Name: "clock", Description: "The box knows what time it is.",
		Run: func(context.Context) Result {
			now, err := b.now()
			if err != nil {
				return failed(err.Error(), "remove the file clock.json, whose times are then told as unknown")
			}
			values := []Value{number("source", string(now.Source), "", "ntp, clinic or rtc"), number("time", now.Wall.In(b.Config.Zone).Format(time.DateTime), "", "")}
			if now.Source == clock.None {
				return failed("nobody has set the clock", "get the link up, or put a clock with a battery in; readings are taken all the same, and their time is repaired later", values...)
			}
			return passed(append(values, number("off by at most", now.Uncertainty.Seconds(), "s", ""))...)
		},
	}
}

func (b Bench) now() (clock.Stamp, error) {
	if b.Kiosk != nil {
		return b.Kiosk.Time(), nil
	}
	c, err := clock.Open(filepath.Join(b.dir(), "clock.json"))
	if err != nil {
		return clock.Stamp{}, err
	}
	return c.Now(), nil
}
