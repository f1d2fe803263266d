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
	all = append(all, s.Bench.checks()...)
	if s.Power.Blind {
		all = append(all, check{"check.sensors", false})
	}
	all = append(all, check{"check.restarts", s.Trouble.IsZero()},
		check{"check.link", s.Link.Broker}, check{"check.record", s.Link.Clinic}, check{"check.room", s.Queue.Full < 0.8 && s.NotSaved == ""},
		check{"check.parked", s.Queue.Parked == 0}, check{"check.clock", s.Clock.Source != string(clock.None)})
	slices.SortStableFunc(all, func(a, b check) int { return order(a.OK) - order(b.OK) })
	return all[:min(len(all), mostChecks)]
}

// mostChecks is what the smallest panel has room for; what is not good comes first.
const mostChecks = 8

func order(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// checks are what the bench found and nobody else looks at: one line when all is good, else a line for each that is not.
func (b Bench) checks() (all []check) {
	for _, name := range benched {
		if good, known := b.Good[name]; known && !good {
			all = append(all, check{"bench." + name, false})
		}
	}
	if len(all) == 0 && len(b.Good) > 0 {
		all = append(all, check{"bench.all", true})
	}
	return all
}
