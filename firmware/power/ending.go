package power

import (
	"time"

	"nabz/drivers/board"
)

// Verdict is what the box does about its power.
type Verdict string

// The verdicts. Go is the zero value.
const (
	Go      Verdict = ""
	Refuse  Verdict = "refuse"  // nothing new begins; what is being measured is finished
	Leaving Verdict = "leaving" // the same, and the screen says that the box switches off
	Off     Verdict = "off"     // what is durable is closed and the box is switched off
	Restart Verdict = "restart" // likewise, and it starts again
)

// The times of an end.
const (
	finishFor = 4 * time.Minute // a measurement gets so long; a cuff is on an arm for three minutes at most (IEC 80601-2-30)
	leaveFor  = 8 * time.Second // the screen says so before it goes dark
)

// Ending decides when the box switches itself off. Its zero value has seen nothing.
type Ending struct {
	since   time.Time // an end is wanted
	leaving time.Time // the screen says so
	asked   board.Press
}

// See takes the supply, whether something is being measured, and what the button asks, at the time now, which must not go back. A low battery ends the box
// on battery only: where the mains comes back meanwhile it stays, and refuses until the battery is charged. A person who asked is not asked again.
func (e *Ending) See(s State, measuring bool, asked board.Press, now time.Time) Verdict {
	if asked != board.NoPress {
		e.asked = asked
	}
	switch {
	case e.asked != board.NoPress || s.Low && s.Source == board.Battery:
		if e.since.IsZero() {
			e.since = now
		}
	case s.Low:
		e.since, e.leaving = time.Time{}, time.Time{}
		return Refuse
	default:
		e.since, e.leaving = time.Time{}, time.Time{}
		return Go
	}
	if e.leaving.IsZero() && measuring && now.Sub(e.since) < finishFor {
		return Refuse
	}
	if e.leaving.IsZero() {
		e.leaving = now
	}
	switch {
	case now.Sub(e.leaving) < leaveFor:
		return Leaving
	case e.asked == board.Restart:
		return Restart
	}
	return Off
}
