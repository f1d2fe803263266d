package exam

import (
	"fmt"
	"strconv"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// thermo is what the probe did so far. None of it outlives a restart.
type thermo struct {
	seen   bool
	last   time.Duration // since boot, of the newest sample
	armed  bool          // the device was seen measuring or waiting: its next final result belongs to this step
	since  time.Duration // since boot, of arming
	prompt string        // what the probe wants
	flags  vitals.Flags  // of the newest sample
	direct equilibrium
}

// temperatureSample takes a device's own final prediction, or lets a contact probe come to rest. Skin is no body temperature.
func (v *Visit) temperatureSample(a *Arrived) {
	v.thermo.seen, v.thermo.last, v.thermo.flags = true, v.now.SinceBoot, a.Sample.Flags
	switch a.Sample.Temperature.Mode {
	case vitals.Predicted:
		v.predicted(a)
	case vitals.Direct:
		v.directSample(a)
	case vitals.Surface:
		v.thermo.prompt = PromptSurfaceOnly
	default:
		v.thermo.arm(&a.Sample)
	}
}

// predicted accepts the final result of a measurement that was seen to begin. A final that stays on the display, or was there before, is
// of an earlier measurement: the probe is to be returned first.
func (v *Visit) predicted(a *Arrived) {
	t, s := &v.thermo, &a.Sample
	if !trusted(s) || !positive(s.Temperature.Value) {
		t.arm(s)
		return
	}
	if !t.armed {
		t.prompt = PromptReturnProbe
		return
	}
	t.armed, t.prompt = false, PromptReturnProbe
	v.offerTemperature(a, s.Temperature, finding{from: t.since})
}

// arm looks at a sample that is not final.
func (t *thermo) arm(s *vitals.Sample) {
	switch f := s.Flags; {
	case f.Any(vitals.ContactLost):
		t.prompt = RetryProbeMoved
	case f.Any(vitals.Hardware | vitals.OutOfRange | vitals.SensorOff | vitals.Implausible):
		t.prompt = RetryTemperature
	case f.Has(vitals.NotSettled):
		t.ready(PromptSettle)
	case f.Has(vitals.NotReady) || !f.Doubted() && !s.Temperature.Value.Known():
		t.ready(PromptPlaceProbe)
	}
}

func (t *thermo) ready(prompt string) {
	if !t.armed {
		t.armed, t.since = true, t.last
	}
	t.prompt = prompt
}

// hush forgets the prompt of a probe that says nothing any more: most say nothing while they rest in their holder.
func (t *thermo) hush(now time.Duration) {
	if t.seen && !t.direct.seen && now-t.last > holderSilence {
		t.seen, t.prompt = false, PromptPlaceProbe
	}
}

const holderSilence = 3 * time.Second

func (v *Visit) directSample(a *Arrived) {
	t, s := &v.thermo, &a.Sample
	value, known := s.Temperature.Value.Get()
	if !known || !trusted(s) {
		t.direct = equilibrium{}
		t.arm(s)
		return
	}
	state, settled := t.direct.push(v.now.SinceBoot, int(value), a.Device, s.Temperature.Site)
	switch state {
	case tooWarm:
		t.prompt = PromptLetProbeCool
	case waiting:
		t.prompt = PromptPlaceProbe
	case inContact:
		t.prompt = PromptSettle
	case lostContact:
		t.prompt = RetryProbeMoved
	case tooLong:
		v.fail(fault{Prompt: RetryTemperature, Flags: vitals.TimedOut})
	case atRest:
		m := s.Temperature
		m.Value = vitals.Some(vitals.MilliCelsius(settled.median))
		f := finding{window: settled.length, from: t.direct.since - riseTime, note: t.direct.account(v.now.SinceBoot, settled)}
		if settled.median < coolBody || settled.median > hotBody {
			f.questionable = "outside 34 to 43 °C: was the probe in its place?"
		}
		t.direct = equilibrium{}
		v.offerTemperature(a, m, f)
	}
}

func (v *Visit) offerTemperature(a *Arrived, m vitals.Temperature, f finding) {
	f.measurement, f.device, f.flags = m, a.Device, a.Sample.Flags
	v.offer(f, true)
}

// equilibrium follows a contact probe until it is as warm as its site (thermometers' measurement protocol, section 7). Temperatures are in
// thousandths of a degree Celsius.
type equilibrium struct {
	device  reading.DeviceRef
	site    vitals.Site
	seen    bool
	last    time.Duration
	cooled  bool // it was seen cool
	cold    bool // below any body
	contact bool
	since   time.Duration // when contact began
	warmest int
	coolest int   // before contact: the room, as far as the probe knows it
	lately  track // five seconds, for the rise
	window  track
}

type probeState uint8

const (
	waiting     probeState = iota
	tooWarm                // not cooled since the last patient
	inContact              // coming to rest
	lostContact            // it fell: begin again
	tooLong                // ten minutes: begin again
	atRest
)

const (
	warmAtStart  = 33_000
	bodyContact  = 30_000
	riseTime     = 5 * time.Second
	riseBy       = 500
	dropBy       = 300
	restTime     = 30 * time.Second
	restSpread   = 50
	restSlope    = 100 // a minute
	restFall     = 20  // over the window: a probe that cools is on its way out
	coolBody     = 34_000
	hotBody      = 43_000
	contactLimit = 10 * time.Minute
	probeSilence = 15 * time.Second // probes are read slowly, not to warm themselves
)

// dwell is the least time at the site.
func dwell(s vitals.Site) time.Duration {
	if s == vitals.Oral || s == vitals.Rectal {
		return time.Minute
	}
	return 5 * time.Minute
}

// push takes the next temperature and says how far the probe is; at rest, the window is the result.
func (e *equilibrium) push(now time.Duration, value int, d reading.DeviceRef, site vitals.Site) (probeState, window) {
	if e.seen && (e.device != d || e.site != site || now < e.last || now-e.last > probeSilence) {
		*e = equilibrium{}
	}
	if !e.seen || !e.contact && value < e.coolest {
		e.coolest = value
	}
	e.seen, e.last, e.device, e.site = true, now, d, site
	e.cooled = e.cooled || value <= warmAtStart
	e.cold = e.cold || value <= bodyContact
	if !e.cooled {
		return tooWarm, window{}
	}
	e.lately.period, e.window.period, e.window.spread = riseTime, restTime, restSpread
	e.lately.push(run{at: now, value: value})
	if !e.contact && !e.touched(value) {
		return waiting, window{}
	}
	if !e.contact {
		e.contact, e.since, e.warmest = true, now, value
		e.window.clear()
	}
	e.warmest = max(e.warmest, value)
	e.window.push(run{at: now, value: value})
	return e.progress(now, value)
}

// touched says that the probe met something warm: it rose fast, or it was cold and is not.
func (e *equilibrium) touched(value int) bool {
	lowest := value
	for i := e.lately.present(); i < e.lately.tail; i++ {
		lowest = min(lowest, e.lately.at(i).value)
	}
	return value-lowest > riseBy || e.cold && value > bodyContact
}

func (e *equilibrium) progress(now time.Duration, value int) (probeState, window) {
	switch {
	case value < e.warmest-dropBy:
		e.contact, e.cold = false, value <= bodyContact
		e.lately.clear()
		return lostContact, window{}
	case now-e.since > contactLimit:
		*e = equilibrium{}
		return tooLong, window{}
	case now-e.since < dwell(e.site):
		return inContact, window{}
	}
	from := e.window.even()
	length := e.window.length(from, now)
	if length < restTime {
		return inContact, window{}
	}
	change := value - e.window.at(from).value
	if change < -restFall || time.Duration(change)*time.Minute >= restSlope*length {
		return inContact, window{}
	}
	return atRest, e.window.window(from, now)
}

// account says how the result came about, for the doctor.
func (e *equilibrium) account(now time.Duration, w window) string {
	return fmt.Sprintf("contact probe: %d s at the site, the last %d s within %s; before contact %s",
		int((now - e.since).Seconds()), int(w.length.Seconds()), celsius(w.hi-w.lo, 2), celsius(e.coolest, 1))
}

// celsius writes thousandths of a degree with so many decimals, rounded to nearest.
func celsius(milli, decimals int) string {
	return strconv.FormatFloat(float64(milli)/1000, 'f', decimals, 64) + " °C"
}
