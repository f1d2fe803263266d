package screen

import (
	"slices"

	"nabz/firmware/clock"
)

// check is one line of the quick check.
type check struct {
	Label string // key
	OK    bool
}

// benched are the checks of the bench whose outcome is on the screen.
var benched = []string{"storage", "card", "board", "name", "connection", "record", "practice"}

// checks are what a technician wants to know within the first minute.
func checks(s State) []check {
	var all []check
	for _, d := range s.Devices {
		all = append(all, check{"check." + d.Name, d.State == "connected"})
	}
	slices.SortFunc(all, func(a, b check) int {
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	if s.Power.Source != "" { // a box that nobody told of its supply is not a bad one
		all = append(all, check{"check.power", s.Power.Source == "mains" && !s.Power.Low})
	}
	for _, name := range benched { // what nobody else looks at
		if good, known := s.Bench.Good[name]; known {
			all = append(all, check{"bench." + name, good})
		}
	}
	if s.Power.Blind {
		all = append(all, check{"check.sensors", false})
	}
	return append(all, check{"check.restarts", s.Trouble.IsZero()},
		check{"check.link", s.Link.Broker}, check{"check.record", s.Link.Clinic}, check{"check.room", s.Queue.Full < 0.8 && s.NotSaved == ""},
		check{"check.parked", s.Queue.Parked == 0}, check{"check.clock", s.Clock.Source != string(clock.None)})
}
