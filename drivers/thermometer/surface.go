package thermometer

import (
	"time"

	"nabz/drivers/vitals"
)

// Gates of an infrared reading (protocol, section 7). Temperatures are in thousandths of a degree Celsius.
const (
	surfaceAmbientLow  = 16_000 // below and above it the sensor's accuracy is not given
	surfaceAmbientHigh = 40_000
	surfaceDrift       = 100 // of the ambient, in surfaceDriftTime: less is at rest
	surfaceDriftTime   = time.Minute
	surfaceReadings    = 5 // in a row
	surfaceSpread      = 200
	surfaceLow         = 10_000 // skin
	surfaceHigh        = 45_000
	surfaceGap         = 5 * time.Second // a pause that makes everything before it forgotten
)

// surface decides whether an infrared reading may be believed. It is a pure state machine: readings in, flags out.
type surface struct {
	last    time.Duration
	ambient [128]struct { // ring; more than a minute at two readings a second
		at    time.Duration
		value vitals.MilliCelsius
	}
	head, tail int // ambient head..tail-1 are held, counted without end
	skin       [surfaceReadings]vitals.MilliCelsius
	seen       int // readings since the last pause
}

// step takes the next reading at a time that never goes back, and says what speaks against it: OutOfRange when the sensor or the skin is
// outside its limits, NotSettled until the ambient stood still for a minute and five readings agree.
func (s *surface) step(at time.Duration, skin, ambient vitals.MilliCelsius) vitals.Flags {
	if at < s.last || at-s.last > surfaceGap {
		s.forget()
	}
	s.last = at
	s.push(at, ambient)
	s.skin[s.seen%surfaceReadings] = skin
	s.seen++
	var f vitals.Flags
	if ambient < surfaceAmbientLow || ambient > surfaceAmbientHigh || skin < surfaceLow || skin > surfaceHigh {
		f |= vitals.OutOfRange
	}
	if !s.still() || !s.agreed() {
		f |= vitals.NotSettled
	}
	return f
}

// forget begins anew.
func (s *surface) forget() { s.head, s.seen = s.tail, 0 }

// push keeps the ambient of the last minute and the one before it, so that a minute is covered.
func (s *surface) push(at time.Duration, value vitals.MilliCelsius) {
	if s.tail-s.head == len(s.ambient) {
		s.head++
	}
	s.ambient[s.tail%len(s.ambient)].at, s.ambient[s.tail%len(s.ambient)].value = at, value
	s.tail++
	for s.tail-s.head > 1 && at-s.ambient[(s.head+1)%len(s.ambient)].at >= surfaceDriftTime {
		s.head++
	}
}

// still says that the ambient is known for a minute and moved by less than the drift in it.
func (s *surface) still() bool {
	first := s.ambient[s.head%len(s.ambient)]
	lo, hi := first.value, first.value
	for i := s.head; i < s.tail; i++ {
		v := s.ambient[i%len(s.ambient)].value
		lo, hi = min(lo, v), max(hi, v)
	}
	return s.last-first.at >= surfaceDriftTime && hi-lo < surfaceDrift
}

// agreed says that the last readings are many enough and near each other.
func (s *surface) agreed() bool {
	lo, hi := s.skin[0], s.skin[0]
	for _, v := range s.skin {
		lo, hi = min(lo, v), max(hi, v)
	}
	return s.seen >= surfaceReadings && hi-lo <= surfaceSpread
}

// sample is what one reading says of the skin.
func (s *surface) sample(at time.Duration, site vitals.Site, skin, ambient vitals.MilliCelsius) vitals.Sample {
	sample := flagged(site, vitals.Surface, s.step(at, skin, ambient))
	if sample.Flags == 0 {
		sample.Temperature.Value = vitals.Some(skin)
	}
	return sample
}

// spoilt is the sample of a reading that cannot be used; what was before it counts no more.
func (s *surface) spoilt(site vitals.Site, f vitals.Flags) vitals.Sample {
	s.forget()
	return flagged(site, vitals.Surface, f)
}
