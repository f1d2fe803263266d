package sim

import (
	"math"
	"time"

	"nabz/drivers/vitals"
)

const (
	searches      = 3 * time.Second  // from finger in to the first numbers
	searchTooLong = 10 * time.Second // a search without a pulse is reported from then on
	settling      = 2500 * time.Millisecond
)

// finger is the patient's finger and what the oximeter makes of it.
type finger struct {
	heart  *heart
	wanted bool          // somebody put it in, or will at due
	due    time.Duration // when it goes in
	in     bool          // it has arrived
	felt   bool          // the sensor sees it
	since  time.Duration // when the sensor first saw it
	last   display       // with the numbers that were shown last
}

// display is what the oximeter shows in one frame.
type display struct {
	noFinger, searching, tooLong, beep bool

	signal, wave, bar      byte // 0..8, 0..127, 0..15
	pulse, spo2, perfusion shown
}

// shown is a number on the display; its zero value is dashes.
type shown struct{ vitals.Maybe[int] }

func number(v float64) shown { return shown{vitals.Some(int(math.Round(v)))} }

// or returns the number, or the sentinel that stands for dashes.
func (s shown) or(sentinel int) int {
	if v, ok := s.Get(); ok {
		return v
	}
	return sentinel
}

func (f *finger) putIn(at time.Duration) { f.wanted, f.due = true, at }
func (f *finger) takeOut()               { f.wanted, f.in = false, false }

// arrives says that the finger goes in at this moment.
func (f *finger) arrives(t time.Duration) bool {
	if f.in || !f.wanted || t < f.due {
		return false
	}
	f.in, f.felt = true, false
	return true
}

// show moves on to t and returns what the display shows then.
func (f *finger) show(t time.Duration, wrong *faults, v PatientOpts) display {
	phase, fresh := f.heart.at(t)
	if felt := f.in && !wrong.has(FingerOut); felt != f.felt {
		f.felt, f.since = felt, t
	}
	d := display{noFinger: true, wave: 0x40}
	if f.felt {
		d = f.feel(t, phase, fresh, wrong, v)
	}
	if wrong.has(Stale) {
		d.pulse, d.spo2, d.perfusion = f.last.pulse, f.last.spo2, f.last.perfusion
	}
	if d.pulse.Known() {
		f.last = d
	}
	return d
}

func (f *finger) feel(t time.Duration, phase float64, fresh bool, wrong *faults, v PatientOpts) display {
	if wrong.has(WeakPulse) {
		v.Perfusion = 20
	}
	d := display{beep: fresh, signal: byte(min(8, 3+v.Perfusion/100))}
	height := min(1, 0.15+float64(v.Perfusion)/400)
	volume := height*pulsation(phase) + 0.04*breath(t)
	if wrong.has(Motion) {
		volume = 0.5 + 0.5*wobble(t, 3.1)
		d.signal = byte(4 + 3*wobble(t, 0.7))
	}
	d.wave = byte(min(127, max(0, 10+100*volume)))
	d.bar = d.wave / 8
	elapsed := t - f.since
	if d.searching = elapsed < searches || v.Perfusion < 10; d.searching {
		d.tooLong = elapsed > searchTooLong
		d.signal, d.bar = min(d.signal, 2), 0
		return d
	}
	f.read(&d, elapsed-searches, wrong.has(Motion), t, v)
	return d
}

// read fills in the numbers: averages that start a little off and settle, and wander while the hand moves.
func (f *finger) read(d *display, since time.Duration, motion bool, t time.Duration, v PatientOpts) {
	off := math.Exp(-float64(since) / float64(settling))
	pulse, spo2 := f.heart.rate()*(1-0.12*off), float64(v.SpO2)-5*off
	if motion {
		second := t.Truncate(time.Second)
		pulse += 25 * wobble(second, 0.23)
		spo2 -= 4 + 4*wobble(second, 0.31)
	}
	d.pulse, d.spo2, d.perfusion = number(max(0, min(254, pulse))), number(max(0, spo2)), number(float64(v.Perfusion))
}

// wobble is a movement without rhythm, -1..1.
func wobble(t time.Duration, hertz float64) float64 {
	w := 2 * math.Pi * hertz * t.Seconds()
	return (math.Sin(w) + math.Sin(1.618*w+1) + math.Sin(2.718*w+2)) / 3
}
