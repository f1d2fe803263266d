// Package power decides what the box's supply means for the work: whether it runs on its battery, and whether that is too low to begin anything.
// It reads nothing and switches nothing: sightings in, a State out.
package power

import (
	"time"

	"nabz/drivers/board"
	"nabz/drivers/vitals"
)

// The limits.
const (
	debounce  = 500 * time.Millisecond // a source is believed once it was seen for so long
	lowCharge = vitals.Percent(15)     // on battery below this nothing new begins
	lowTimes  = 3                      // seen so often in a row
	backAbove = vitals.Percent(25)     // back on mains it takes more than this to begin again
	deafFor   = 60 * time.Second       // on battery without a word of the gauge counts as low
)

// State is what is true of the supply.
type State struct {
	Source board.Source
	Charge vitals.Maybe[vitals.Percent] // as last told, not older than deafFor
	Since  time.Time                    // of the source
	Low    bool                         // nothing new may begin
}

// Watch turns sightings into a State. Its zero value has seen nothing.
type Watch struct {
	state  State
	other  board.Source // seen instead of the state's,
	from   time.Time    // since then
	below  int          // sightings in a row below lowCharge
	gauge  bool         // there is one: it has spoken before
	spoken time.Time    // when it did last
}

// See takes one sighting at the time now, which must not go back. A source that is unknown leaves the one before, for a supply that does not answer
// has not failed; without a gauge a battery is never called low, since nobody knows.
func (w *Watch) See(p board.Power, now time.Time) State {
	w.source(p.Source, now)
	w.charge(p.Charge, now)
	onBattery, c := w.state.Source == board.Battery, 0
	if n, known := w.state.Charge.Get(); known {
		c = int(n)
	}
	deaf := w.gauge && now.Sub(w.spoken) >= deafFor
	switch {
	case onBattery && (w.below >= lowTimes || deaf):
		w.state.Low = true
	case w.state.Source == board.Mains && (c > int(backAbove) || deaf):
		w.state.Low = false
	}
	return w.state
}

func (w *Watch) source(s board.Source, now time.Time) {
	switch {
	case s == board.Unknown || s == w.state.Source:
		w.other = board.Unknown
	case s != w.other:
		w.other, w.from = s, now
		if w.state.Source == board.Unknown { // the first that is known
			w.state.Source, w.state.Since = s, now
		}
	case now.Sub(w.from) >= debounce:
		w.state.Source, w.state.Since = s, w.from
	}
}

func (w *Watch) charge(c vitals.Maybe[vitals.Percent], now time.Time) {
	n, known := c.Get()
	switch {
	case !known:
		if w.gauge && now.Sub(w.spoken) >= deafFor {
			w.state.Charge = c
		}
		return // what it said last goes on for a while
	case n < lowCharge:
		w.below++
	default:
		w.below = 0
	}
	w.state.Charge, w.gauge, w.spoken = c, true, now
}
