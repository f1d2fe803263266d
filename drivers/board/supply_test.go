package board

import (
	"os"
	"path/filepath"
	"testing"

	"nabz/drivers/vitals"
)

func TestSupplies(t *testing.T) {
	type files map[string]string
	mains := func(online string) files { return files{"type": "Mains", "online": online} }
	battery := func(status, capacity string) files {
		return files{"type": "Battery", "status": status, "capacity": capacity}
	}
	some := func(n vitals.Percent) vitals.Maybe[vitals.Percent] { return vitals.Some(n) }
	for name, c := range map[string]struct {
		class map[string]files
		want  Power
		fails bool
	}{
		"nothing":                    {nil, Power{}, false},
		"mains":                      {map[string]files{"ac": mains("1"), "bat": battery("Charging", "71")}, Power{Source: Mains, Charge: some(71)}, false},
		"mains failed":               {map[string]files{"ac": mains("0"), "bat": battery("Discharging", "70")}, Power{Source: Battery, Charge: some(70)}, false},
		"mains failed, gauge unsure": {map[string]files{"ac": mains("0"), "bat": battery("Unknown", "70")}, Power{Source: Battery, Charge: some(70)}, false},
		"one input of two":           {map[string]files{"a": mains("0"), "b": {"type": "USB", "online": "1"}}, Power{Source: Mains}, false},
		"gauge alone, discharging":   {map[string]files{"bat": battery("Discharging", "9")}, Power{Source: Battery, Charge: some(9)}, false},
		"gauge alone, full":          {map[string]files{"bat": battery("Full", "100")}, Power{Source: Mains, Charge: some(100)}, false},
		"gauge alone, unsure":        {map[string]files{"bat": battery("Unknown", "50")}, Power{Source: Unknown, Charge: some(50)}, false},
		"two batteries":              {map[string]files{"a": battery("Full", "99"), "b": battery("Discharging", "30")}, Power{Source: Battery, Charge: some(30)}, false},
		"volts only":                 {map[string]files{"bat": {"type": "Battery", "status": "Discharging"}}, Power{Source: Battery}, false},
		"a mouse's battery":          {map[string]files{"ac": mains("1"), "mouse": {"type": "Battery", "scope": "Device", "status": "Discharging", "capacity": "3"}}, Power{Source: Mains}, false},
		"no percentage":              {map[string]files{"bat": battery("Full", "many")}, Power{}, true},
		"over a hundred":             {map[string]files{"bat": battery("Full", "101")}, Power{}, true},
		"goes while it is read":      {map[string]files{"bat": {"type": "Battery"}}, Power{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			class := t.TempDir()
			for dir, all := range c.class {
				if err := os.Mkdir(filepath.Join(class, dir), 0o700); err != nil {
					t.Fatal(err)
				}
				for file, text := range all {
					if err := os.WriteFile(filepath.Join(class, dir, file), []byte(text+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, err := Supplies{class}.Read()
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("%+v, %v; want %+v, an error: %t", got, err, c.want, c.fails)
			}
		})
	}
	if got, err := (Supplies{filepath.Join(t.TempDir(), "none")}).Read(); got != (Power{}) || err != nil {
		t.Errorf("without the class: %+v, %v", got, err)
	}
}

// TestSeen: what feeds the box, from what its line, its gauge and the kernel say.
func TestSeen(t *testing.T) {
	lost, there, dead := &Line{Active: true}, &Line{}, &Line{Dead: true}
	in, out, flat := &Charge{Charging: vitals.Some(true)}, &Charge{Charging: vitals.Some(false)}, &Charge{}
	knows := &Charge{Source: Mains, Percent: vitals.Some(vitals.Percent(70)), CellMV: vitals.Some(3900)}
	for name, c := range map[string]struct {
		kernel Source
		seen   Seen
		want   Power
	}{
		"nothing":                          {Unknown, Seen{}, Power{}},
		"the kernel":                       {Mains, Seen{}, Power{Source: Mains}},
		"the line":                         {Unknown, Seen{MainsLost: there}, Power{Source: Mains}},
		"the line says lost":               {Mains, Seen{MainsLost: lost, Gauge: in}, Power{Source: Battery}},
		"current flows in":                 {Unknown, Seen{Gauge: in}, Power{Source: Mains}},
		"current flows out":                {Unknown, Seen{Gauge: out}, Power{Source: Battery}},
		"no current, no line":              {Unknown, Seen{Gauge: flat}, Power{}},
		"dead, and nobody knows":           {Unknown, Seen{MainsLost: dead, Gauge: flat}, Power{Source: Battery, Blind: true}},
		"dead, and current flows in":       {Unknown, Seen{MainsLost: dead, Gauge: in}, Power{Source: Mains, Blind: true}},
		"dead, and the gauge knows":        {Unknown, Seen{MainsLost: dead, Gauge: knows}, Power{Source: Mains, Charge: knows.Percent, CellMV: knows.CellMV, Blind: true}},
		"the battery's line":               {Mains, Seen{BatteryLow: lost}, Power{Source: Mains, Empty: true}},
		"the battery's line is dead":       {Mains, Seen{BatteryLow: dead}, Power{Source: Mains, Empty: true}},
		"the kernel before the current":    {Mains, Seen{Gauge: out}, Power{Source: Mains}},
		"the gauge knows better than that": {Battery, Seen{Gauge: knows}, Power{Source: Mains, Charge: knows.Percent, CellMV: knows.CellMV}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Power{Source: c.kernel}).With(c.seen); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
