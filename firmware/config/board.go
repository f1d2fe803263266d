package config

import (
	"slices"
	"strings"
	"time"
)

// Board is the box itself: its lines, its gauge, its watchdog. The zero Board is one that the kernel tells all about, or nobody.
type Board struct {
	Chip       string    // label of the GPIO chip that the lines are on; empty: the board's own
	MainsLost  BoardLine // active while the mains is away
	BatteryLow BoardLine // active while the battery is nearly empty
	Button     BoardLine // pulses of 200 to 600 ms ask for a restart, longer ones for a power-off
	Lamp       BoardLine // shows how the kiosk is
	Beeper     BoardLine // sounds when power changes
	Running    BoardLine // held active while the box runs, for a board that waits for its end to take the power
	CutPower   BoardLine // pulsed for three seconds to have the board take the power
	Gauge      Gauge
	Watchdog   string // device that the kiosk feeds itself; empty where systemd does
	PowerOff   string // file that asks for the power-off; empty: the box is never switched off
}

// BoardLine is one GPIO line.
type BoardLine struct {
	There bool
	Line  int  // its offset
	Low   bool // it is active when it is low
}

// Gauge is what measures the battery.
type Gauge struct {
	Kind     string // one of Gauges; empty is none
	Bus      string
	Address  int  // 0 is the usual one
	Cells    int  // in series
	Reversed bool // a positive current flows out of the battery
}

// Gauges that there are drivers for.
var Gauges = []string{"max17040", "max17048", "ina219", "pijuice"}

// Watch is how the kiosk watches itself.
type Watch struct {
	HungAfter time.Duration // a task that shows no progress for so long has hung
}

type boardFile struct {
	Profile    string    `toml:"profile"`
	Chip       string    `toml:"chip"`
	MainsLost  *lineFile `toml:"mains_lost"`
	BatteryLow *lineFile `toml:"battery_low"`
	Button     *lineFile `toml:"button"`
	Lamp       *lineFile `toml:"lamp"`
	Beeper     *lineFile `toml:"beeper"`
	Running    *lineFile `toml:"running"`
	CutPower   *lineFile `toml:"cut_power"`
	Gauge      gaugeFile `toml:"gauge"`
	Watchdog   string    `toml:"watchdog"`
	PowerOff   string    `toml:"power_off"`
}

type lineFile struct {
	Line   int    `toml:"line"`
	Active string `toml:"active"`
}

type gaugeFile struct {
	Kind     string `toml:"kind"`
	Bus      string `toml:"bus"`
	Address  int    `toml:"address"`
	Cells    int    `toml:"cells"`
	Reversed bool   `toml:"reversed"`
}

// x728 is Geekworm's board from V2.1 on (x728-script); V1.2 to V2.0 take the power at line 13. One of its makers' files has the mains' polarity the
// other way round: pull the plug and look.
var x728 = Board{
	MainsLost: BoardLine{There: true, Line: 6}, Button: BoardLine{There: true, Line: 5}, Running: BoardLine{There: true, Line: 12},
	Beeper: BoardLine{There: true, Line: 20}, CutPower: BoardLine{There: true, Line: 26},
	Gauge: Gauge{Kind: "max17048", Bus: "/dev/i2c-1", Cells: 1},
}

func (f *faults) board(in boardFile) Board {
	var b Board
	f.need(in.Profile == "" || in.Profile == "x728", "board.profile", "%q: use x728, or name the lines", in.Profile)
	if in.Profile == "x728" {
		b = x728
	}
	b.Chip, b.Watchdog, b.PowerOff = in.Chip, in.Watchdog, in.PowerOff
	taken := map[int]string{}
	for _, l := range []struct {
		key string
		in  *lineFile
		out *BoardLine
	}{
		{"mains_lost", in.MainsLost, &b.MainsLost},
		{"battery_low", in.BatteryLow, &b.BatteryLow},
		{"button", in.Button, &b.Button},
		{"lamp", in.Lamp, &b.Lamp},
		{"beeper", in.Beeper, &b.Beeper},
		{"running", in.Running, &b.Running},
		{"cut_power", in.CutPower, &b.CutPower},
	} {
		if l.in != nil {
			*l.out = f.line("board."+l.key, *l.in)
		}
		if l.out.There {
			f.need(taken[l.out.Line] == "", "board."+l.key, "line %d is %s already", l.out.Line, taken[l.out.Line])
			taken[l.out.Line] = l.key
		}
	}
	b.Gauge = f.gauge(in.Gauge, b.Gauge)
	return b
}

func (f *faults) line(key string, in lineFile) BoardLine {
	f.need(in.Line >= -1 && in.Line < 512, key, "line %d: use 0 to 511, or -1 for none", in.Line)
	f.need(slices.Contains([]string{"", "high", "low"}, in.Active), key, "active = %q: use high or low", in.Active)
	if in.Line < 0 {
		return BoardLine{}
	}
	return BoardLine{There: true, Line: in.Line, Low: in.Active == "low"}
}

func (f *faults) gauge(in gaugeFile, g Gauge) Gauge {
	if in == (gaugeFile{}) {
		return g
	}
	if in.Kind == "none" {
		return Gauge{}
	}
	if in.Kind == "" {
		in.Kind = g.Kind
	}
	if in.Bus == "" {
		in.Bus = "/dev/i2c-1"
	}
	in.Cells = max(in.Cells, 1)
	f.need(slices.Contains(Gauges, in.Kind), "board.gauge.kind", "%q: use one of %s, or none", in.Kind, strings.Join(Gauges, ", "))
	f.need(strings.HasPrefix(in.Bus, "/dev/i2c-"), "board.gauge.bus", "%q: name the bus, such as /dev/i2c-1", in.Bus)
	f.need(in.Address >= 0 && in.Address < 0x78, "board.gauge.address", "%#x: use 0x08 to 0x77, or leave it out for the usual one", in.Address)
	f.need(in.Cells <= 4, "board.gauge.cells", "%d: use 1 to 4", in.Cells)
	return Gauge(in)
}
