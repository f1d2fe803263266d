package board

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"nabz/drivers/vitals"
)

// Source is what feeds the box.
type Source string

// The sources. Unknown is the zero value.
const (
	Unknown Source = ""
	Mains   Source = "mains"
	Battery Source = "battery"
)

// Power is what is known of the box's supply at one moment.
type Power struct {
	Source Source
	Charge vitals.Maybe[vitals.Percent] // of the battery, 0 to 100
	CellMV vitals.Maybe[int]            // voltage of one of its cells, millivolts
	Empty  bool                         // the board says that the battery is nearly empty
	Blind  bool                         // the line that tells of the mains is dead: the source is a guess
}

// Seen is what a box tells of its supply beside the kernel's class. What it has not is nil.
type Seen struct {
	MainsLost, BatteryLow *Line
	Gauge                 *Charge
}

// With adds it. The mains' own line counts most. Where that is dead, or is none, the gauge says what feeds the box, if it can, then the kernel, then the
// direction of the current. A dead line of which nobody knows better means battery: an alarm too many is better than a box that dies in a visit.
func (p Power) With(s Seen) Power {
	if g := s.Gauge; g != nil {
		if g.Source != Unknown {
			p.Source = g.Source
		}
		if p.Source == Unknown {
			p.Source = sourceBy(g.Charging)
		}
		p.Charge, p.CellMV = g.Percent, g.CellMV
	}
	if l := s.MainsLost; l != nil && l.Dead {
		if p.Blind = true; p.Source == Unknown {
			p.Source = Battery
		}
	} else if l != nil {
		p.Source = Mains
		if l.Active {
			p.Source = Battery
		}
	}
	p.Empty = s.BatteryLow != nil && (s.BatteryLow.Active || s.BatteryLow.Dead)
	return p
}

func sourceBy(charging vitals.Maybe[bool]) Source {
	switch flows, known := charging.Get(); {
	case !known:
		return Unknown
	case flows:
		return Mains
	}
	return Battery
}

// Supplies is the kernel's class of power supplies.
type Supplies struct{ Class string }

// Host is the one of this box.
var Host = Supplies{"/sys/class/power_supply"}

// Read says what feeds the box now. Several batteries count as the emptiest. A box without such a class, or with nothing in it, has an unknown
// source and no charge; so has a supply that cannot be read, and then the error says which.
func (s Supplies) Read() (p Power, err error) {
	entries, err := os.ReadDir(s.Class)
	if errors.Is(err, fs.ErrNotExist) {
		return Power{}, nil
	}
	if err != nil {
		return Power{}, fmt.Errorf("read the power supplies: %w", err)
	}
	var told []supply
	for _, e := range entries {
		one, err := read(filepath.Join(s.Class, e.Name()))
		if err != nil {
			return Power{}, fmt.Errorf("read the power supply %s: %w", e.Name(), err)
		}
		told = append(told, one)
	}
	return powerOf(told), nil
}

// supply is one entry of the class, as far as it is this box's.
type supply struct {
	mains, online bool
	status        string
	capacity      vitals.Maybe[vitals.Percent]
}

func read(dir string) (s supply, err error) {
	if scope, _ := attribute(dir, "scope"); scope == "Device" { // most have none
		return s, nil
	}
	kind, err := attribute(dir, "type")
	if err != nil {
		return s, err
	}
	switch kind {
	case "Mains", "USB":
		online, err := attribute(dir, "online")
		return supply{mains: true, online: online != "0"}, err
	case "Battery":
		if s.status, err = attribute(dir, "status"); err != nil {
			return s, err
		}
		text, err := attribute(dir, "capacity")
		if errors.Is(err, fs.ErrNotExist) {
			return s, nil // a gauge that knows volts only
		}
		if err != nil {
			return s, err
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 100 {
			return s, fmt.Errorf("capacity %q is no percentage", text)
		}
		s.capacity = vitals.Some(vitals.Percent(n))
	}
	return s, nil
}

// powerOf puts together what the supplies say. A mains input that is there counts most, one that is not, next; a box without one is judged by
// whether its battery discharges.
func powerOf(all []supply) (p Power) {
	inputs := 0
	for _, s := range all {
		if c, known := s.capacity.Get(); known {
			if least, have := p.Charge.Get(); !have || c < least {
				p.Charge = s.capacity
			}
		}
		if s.mains {
			if inputs++; s.online {
				p.Source = Mains
			}
		}
	}
	if p.Source == Mains {
		return p
	}
	if inputs > 0 {
		p.Source = Battery
		return p
	}
	for _, s := range all {
		switch s.status {
		case "Discharging":
			p.Source = Battery
		case "Charging", "Full", "Not charging":
			if p.Source == Unknown {
				p.Source = Mains
			}
		}
	}
	return p
}

func attribute(dir, name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(raw)), err
}
