package sim

import (
	"math"
	"time"

	"nabz/drivers/vitals"
)

// States of the module, as its records carry them.
const (
	stateIdle            = 0
	stateNotReady        = 1
	stateReady           = 2
	statePredict         = 3
	statePredictPosition = 5
	stateFinal           = 6
	stateFinalPosition   = 7
	stateOver            = 8
	stateUnder           = 10
	stateMonitor         = 12
	stateEnd             = 13
	stateError           = 20
)

// What happens when, counted from the moment the probe leaves its holder.
const (
	heated   = 700 * time.Millisecond // the tip is warm enough: ready
	placed   = 2 * time.Second        // under the tongue: predict
	moves    = 4 * time.Second        // when a probe that moves does so
	predicts = 8 * time.Second        // the prediction ends: final
	lingers  = 10 * time.Second       // how long a patient who helps leaves it there
)

// Temperatures in degrees Celsius.
const (
	room    = 23.45
	preheat = 34.2
	lowest  = 26.7 // the module's range
	highest = 43.3
	slipped = 0.8 // what a moved probe loses
	noValue = 0
)

// probe is the thermometer's probe, where it is and what the module makes of it.
type probe struct {
	wanted  bool // somebody takes it, or will at due
	due     time.Duration
	put     bool // somebody has put it back since the last look
	out     bool
	taken   time.Duration
	moved   bool    // contact was lost during the prediction
	monitor bool    // method: follow the probe's own temperature instead of predicting
	tip     float64 // °C
	at      time.Duration
	state   byte
	final   float64 // °C; 0 before there is one
	before  float64 // the final value of the measurement before
}

func newProbe() probe { return probe{tip: room} }

func (p *probe) takeAt(t time.Duration) { p.wanted, p.due = true, t }
func (p *probe) putBack()               { p.wanted, p.put = false, true }

// active says that a measurement goes on.
func (p *probe) active() bool { return p.out }

// leaves says that the probe leaves its holder at this moment.
func (p *probe) leaves(t time.Duration) bool {
	if p.out || !p.wanted || t < p.due {
		return false
	}
	p.out, p.put, p.moved, p.taken, p.final = true, false, false, t, noValue
	return true
}

// done says that a patient has waited long enough after the end of the prediction.
func (p *probe) done(t time.Duration) bool { return p.out && t-p.taken > predicts+lingers }

// follow moves on to t.
func (p *probe) follow(t time.Duration, wrong *faults, v PatientOpts) {
	body := float64(v.Temperature) / 1000
	if wrong.has(ProbeMoved) {
		body -= slipped
	}
	p.warm(t, body)
	switch {
	case p.put && p.out:
		p.back()
	case !p.out:
		p.state = stateIdle
	case wrong.has(Broken):
		p.state = stateError
	default:
		p.state = p.stage(t-p.taken, body, wrong.has(ProbeMoved))
	}
	if p.state == stateMonitor {
		p.final = p.tip
	}
}

// back ends the measurement: the last record says so, after it the module is idle. The method is the normal one again.
func (p *probe) back() {
	if p.final != noValue {
		p.before = p.final
	}
	p.out, p.monitor, p.state = false, false, stateEnd
}

// warm brings the tip exponentially to what it touches: the heater, the patient, or the air of the holder.
func (p *probe) warm(t time.Duration, body float64) {
	goal, constant := room, 20*time.Second
	switch {
	case p.out && t-p.taken >= placed:
		goal, constant = body, 4*time.Second
	case p.out:
		goal, constant = preheat, 150*time.Millisecond
	}
	p.tip += (goal - p.tip) * (1 - math.Exp(-float64(t-p.at)/float64(constant)))
	p.at = t
}

// stage is the state so long after the probe left its holder. A final value stays until the probe is returned.
func (p *probe) stage(since time.Duration, body float64, moved bool) byte {
	if since >= moves && p.final == noValue {
		p.moved = p.moved || moved
	}
	switch {
	case since < heated:
		return stateNotReady
	case since < placed:
		return stateReady
	case p.monitor:
		return stateMonitor
	case since < predicts && p.moved:
		return statePredictPosition
	case since < predicts:
		return statePredict
	}
	if p.final == noValue {
		p.final = body
	}
	return verdict(p.final, p.moved)
}

// verdict is the final state; position and range states follow each other by one.
func verdict(celsius float64, moved bool) byte {
	state := byte(stateFinal)
	switch {
	case celsius > highest:
		state = stateOver
	case celsius < lowest:
		state = stateUnder
	}
	return state + flag(moved)
}

func kelvin(celsius float64) float32 { return float32(celsius + 273.15) }

// value is the final value of the records: none before the end, or the old one where old numbers stay.
func (p *probe) value(stale bool) float32 {
	switch {
	case p.final != noValue && p.out:
		return kelvin(p.final)
	case stale && p.before != noValue:
		return kelvin(p.before)
	case stale:
		return kelvin(float64(vitals.MilliCelsius(37_400)) / 1000)
	}
	return 0
}
