package exam

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// OximetryTime is the shortest an oximetry takes from finger-in: a countdown begins there.
const OximetryTime = settleTime + steadyTime

// What an oximeter's numbers must go through (clinical rules, section 5).
const (
	settleTime      = 6 * time.Second  // after finger-in: the device's averaging window
	steadyTime      = 10 * time.Second // without a break
	patience        = 60 * time.Second // after finger-in; then a weak or irregular signal is taken, questionable, or none
	oximeterSilence = 1500 * time.Millisecond
	saturationRange = 2
	pulseRange      = 6
	goodSignal      = 3 // of 8, where a device sends no perfusion index
)

// oximetry is what the finger did so far. None of it outlives a restart.
type oximetry struct {
	device   reading.DeviceRef
	seen     bool
	last     time.Duration // since boot, of the newest sample
	finger   bool
	in       time.Duration // when the finger came in
	flags    vitals.Flags  // of the newest sample
	spo2     track
	pulse    track
	pi       track
	leastPI  int  // hundredths of a per cent: below it the signal is weak
	noSignal bool // it was too weak for any number
}

func (o *oximetry) silent(now time.Duration) bool { return o.seen && now-o.last > oximeterSilence }

// begin starts an attempt: finger in at now, nothing believed yet. The rings are kept.
func (o *oximetry) begin(now time.Duration, b vitals.Band) {
	o.finger, o.in, o.noSignal = true, now, false
	o.leastPI = vitals.Soft[b][vitals.Perfusion].Low
	o.spo2.period, o.spo2.spread = steadyTime, saturationRange
	o.pulse.period, o.pulse.spread = steadyTime, pulseRange
	o.pi.period = steadyTime
	o.interrupt()
}

// interrupt breaks every window.
func (o *oximetry) interrupt() {
	o.spo2.clear()
	o.pulse.clear()
	o.pi.clear()
}

func (v *Visit) oximetrySample(a *Arrived) {
	o, now, s := &v.oxi, v.now.SinceBoot, &a.Sample
	if o.silent(now) || o.seen && (o.device != a.Device || now < o.last) {
		o.finger = false
	}
	o.seen, o.last, o.device, o.flags = true, now, a.Device, s.Flags
	switch {
	case s.Flags.Any(vitals.NoFinger | vitals.SensorOff):
		o.finger = false
		return
	case !o.finger:
		o.begin(now, v.band())
		v.fingerIn()
	}
	if now-o.in < settleTime {
		return
	}
	o.take(s, now)
	switch {
	case o.spo2.length(o.spo2.good(), now) >= steadyTime && o.pulse.length(o.pulse.good(), now) >= steadyTime:
		v.acceptSteady()
	case now-o.in >= patience:
		v.acceptLate()
	}
}

// fingerIn ends the message about a finger or device that was not there.
func (v *Visit) fingerIn() {
	if v.m.Fault.Prompt == PromptDeviceLost {
		v.fail(fault{})
	}
}

// take lets one sample into the windows, or breaks them.
func (o *oximetry) take(s *vitals.Sample, now time.Duration) {
	m := &s.Oximetry
	weak, none := o.signal(s)
	if none || !trusted(s) {
		o.noSignal = o.noSignal || none
		o.interrupt()
		return
	}
	remarks := s.Flags &^ vitals.Implausible
	if n, ok := m.SpO2.Get(); ok && n != 0 && n != 127 { // 127 is the devices' word for none
		o.spo2.push(run{at: now, value: int(n), flags: remarks, weak: weak})
	} else {
		o.spo2.clear()
	}
	if n, ok := m.Pulse.Get(); ok && n != 0 && n != 255 && n != 511 { // likewise
		o.pulse.push(run{at: now, value: int(n), flags: remarks, weak: weak})
	} else {
		o.pulse.clear()
	}
	if n, ok := m.PI.Get(); ok {
		o.pi.push(run{at: now, value: int(n)})
	} else {
		o.pi.clear()
	}
}

// signal judges the signal behind the numbers: by the perfusion index where it is sent, else by the strength and the flags.
func (o *oximetry) signal(s *vitals.Sample) (weak, none bool) {
	if pi, ok := s.Oximetry.PI.Get(); ok {
		if !vitals.Hard[vitals.Perfusion].Holds(int(pi)) {
			return true, true
		}
		return int(pi) < o.leastPI, false
	}
	strength, ok := s.Oximetry.Signal.Get()
	return ok && strength < goodSignal || s.Flags.Has(vitals.LowPerfusion), ok && strength == 0
}

// acceptSteady accepts both numbers from their windows.
func (v *Visit) acceptSteady() {
	o, now := &v.oxi, v.now.SinceBoot
	spo2, pulse := o.spo2.window(o.spo2.good(), now), o.pulse.window(o.pulse.good(), now)
	v.offerOximetry(&spo2, &pulse, "", "")
}

// acceptLate decides when patience is over: what is steady, if weak; a pulse that is irregular but present beside a steady saturation;
// or nothing.
func (v *Visit) acceptLate() {
	o, now := &v.oxi, v.now.SinceBoot
	spo2 := o.spo2.late(now)
	pulse := o.pulse.late(now)
	why, note := "", ""
	if pulse == nil && spo2 != nil && o.pulse.length(o.pulse.present(), now) >= steadyTime {
		w := o.pulse.window(o.pulse.present(), now)
		pulse, why = &w, "irregular pulse"
	}
	switch {
	case spo2 == nil && pulse == nil:
		v.artifact()
		return
	case spo2 == nil:
		note = "no steady SpO2 in 60 s"
	case pulse == nil:
		note = "no steady pulse in 60 s"
	}
	if spo2 != nil && spo2.weak || pulse != nil && pulse.weak {
		why = also("weak signal (low perfusion)", why)
	}
	v.offerOximetry(spo2, pulse, why, note)
}

// late is the longest steady window with a good signal, or else with a weak one; nil when there is none.
func (t *track) late(now time.Duration) *window {
	for _, from := range [...]int{t.good(), t.even()} {
		if t.length(from, now) >= steadyTime {
			w := t.window(from, now)
			return &w
		}
	}
	return nil
}

// artifact says that there is no number, and begins the next attempt.
func (v *Visit) artifact() {
	prompt := RetryHoldStill
	if v.oxi.noSignal {
		prompt = RetryWeakSignal
	}
	v.fail(fault{Prompt: prompt, Flags: v.oxi.flags})
	v.oxi.begin(v.now.SinceBoot, v.band())
}

func (v *Visit) offerOximetry(spo2, pulse *window, why, note string) {
	o := &v.oxi
	var m vitals.Oximetry
	f := finding{device: o.device, questionable: why, note: note, from: o.in}
	if spo2 != nil {
		m.SpO2 = vitals.Some(vitals.Percent(spo2.median))
		f.flags, f.window = spo2.flags, spo2.length
	}
	if pulse != nil {
		m.Pulse = vitals.Some(vitals.PerMinute(pulse.median))
		f.flags |= pulse.flags
		if spo2 == nil || pulse.length < f.window {
			f.window = pulse.length
		}
	}
	if pi := o.pi.window(o.pi.present(), v.now.SinceBoot); pi.length > 0 {
		m.PI = vitals.Some(vitals.CentiPercent(pi.median))
	}
	f.measurement = m
	v.questionOximetry(&f, m)
	v.offer(f, true)
	o.begin(v.now.SinceBoot, v.band())
}

// questionOximetry adds what the device and the cuff have to say against the pulse.
func (v *Visit) questionOximetry(f *finding, m vitals.Oximetry) {
	if f.flags.Has(vitals.IrregularPulse) && f.questionable == "" {
		f.questionable = "irregular pulse"
	}
	if bp := v.standing(vitals.KindBloodPressure); bp != nil {
		f.questionable = also(f.questionable, disagree(m.Pulse, bp.Reading))
	}
}
