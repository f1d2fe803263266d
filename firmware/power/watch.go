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
	lowCellMV = 3400                   // nor below this voltage of a cell
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
	Blind  bool                         // nothing sure is known of the mains: the line that tells is dead
	Deaf   bool                         // the battery's gauge does not answer any more
}

// Watch turns sightings into a State. Its zero value has seen nothing.
type Watch struct {
	state  State
	other  board.Source // seen instead of the state's,
	from   time.Time    // since then
	below  int          // sightings in a row that were low
	gauge  bool         // there is one: it has spoken before
	spoken time.Time    // when it did last
}

// See takes one sighting at the time now, which must not go back. A source that is unknown leaves the one before, for a supply that does not answer
// has not failed; without a gauge a battery is never called low, since nobody knows.
func (w *Watch) See(p board.Power, now time.Time) State {
	w.source(p.Source, now)
	w.charge(p, now)
	n, known := w.state.Charge.Get()
	deaf := w.gauge && now.Sub(w.spoken) >= deafFor
	w.state.Blind, w.state.Deaf = p.Blind, deaf
	switch {
	case w.state.Source == board.Battery && (w.below >= lowTimes || deaf):
		w.state.Low = true
	case w.state.Source == board.Mains && !p.Empty && (deaf || w.below == 0 && (n > backAbove || !known)):
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

func (w *Watch) charge(p board.Power, now time.Time) {
	n, known := p.Charge.Get()
	mv, measured := p.CellMV.Get()
	low := known && n < lowCharge || measured && mv < lowCellMV || p.Empty
	switch {
	case low:
		w.below++
	case known || measured || !w.gauge:
		w.below = 0 // what it said last goes on for a while
	}
	if known || measured {
		w.state.Charge, w.gauge, w.spoken = p.Charge, true, now
	} else if w.gauge && now.Sub(w.spoken) >= deafFor {
		w.state.Charge = p.Charge
	}
}
