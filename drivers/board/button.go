package board

import "time"

// Press is what somebody wants who pressed the button of the box.
type Press string

// The presses. NoPress is the zero value.
const (
	NoPress  Press = ""
	Restart  Press = "restart"
	PowerOff Press = "power off"
)

// The pulses of a Geekworm X728 (x728-script): it stretches what its button did to 200 to 600 ms for a restart, and to longer for a power-off.
const (
	shortest = 200 * time.Millisecond
	longest  = 600 * time.Millisecond
)

// Button makes a Press of what the button's line does. Its zero value has seen nothing. A line that was active from the start is a stuck button, and
// one that is dead is nobody's finger.
type Button struct {
	seen, told bool
	down       time.Time // since then it is pressed; zero when it is not
}

// See takes a look at the line at the time now. A press is told once: a restart when the button is let go, a power-off as soon as it is one.
func (b *Button) See(l Line, now time.Time) Press {
	switch {
	case l.Dead:
		*b = Button{}
	case !b.seen:
		b.seen, b.told = true, l.Active
	case l.Active && b.down.IsZero():
		b.down = l.Since
	}
	if l.Dead || b.down.IsZero() {
		b.told = b.told && l.Active
		return NoPress
	}
	held := now.Sub(b.down)
	if !l.Active {
		held, b.down = l.Since.Sub(b.down), time.Time{}
	}
	told := b.told
	b.told = l.Active && (told || held > longest)
	switch {
	case told || held < shortest:
		return NoPress
	case held > longest:
		return PowerOff
	case !l.Active:
		return Restart
	}
	return NoPress
}
