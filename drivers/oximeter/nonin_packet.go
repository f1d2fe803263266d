package oximeter

import "nabz/drivers/vitals"

// noninFrames is the number of frames in a packet of formats 2 and 7.
const noninFrames = 25

// Places of the FLOAT byte in the packet, counted from 0.
const (
	floatHR       = 0
	floatSpO2     = 2
	floatRevision = 3
	floatStatus2  = 7
	floatSpO2D    = 8
	floatESpO2D   = 16
	floatHRD      = 19
	floatEHRD     = 21
)

// Bits of STATUS.
const (
	statusSync = 1 << iota
	statusGreen
	statusRed
	statusNoFinger
	statusOutOfTrack
	statusArtifact
	statusNoSensor
)

// noninPacket collects 25 frames. It is whole when the first and no other has SYNC, and given when the next one's SYNC has shown that none
// was doubled or lost.
type noninPacket struct {
	n        int // frames collected; 0 while out of step
	status   byte
	float    [noninFrames]byte
	pleth    [noninFrames]vitals.Pleth
	wave     [noninFrames]vitals.Pleth // of the packet given last
	waves    int
	revision byte
}

func (p *noninPacket) drop()       { p.n = 0 }
func (p *noninPacket) whole() bool { return p.n == noninFrames }

// add takes a frame; a whole packet is given when the next begins.
func (p *noninPacket) add(status byte, pleth vitals.Pleth, float byte) (s vitals.Sample, ok bool) {
	if status&statusSync != 0 {
		if ok = p.whole(); ok {
			s = p.sample()
		}
		p.n, p.status = 0, 0
	} else if p.n == 0 || p.n == noninFrames {
		p.n = 0 // out of step until a SYNC
		return s, false
	}
	p.status |= status
	p.float[p.n], p.pleth[p.n] = float, pleth
	p.n++
	return s, ok
}

// sample reads a whole packet. Of the values that the device keeps for a display the calmer ones are given, averaged over eight beats, or
// else over four. They stand still for ten seconds when the finger has left; so they count only beside a plain value, which goes at once.
func (p *noninPacket) sample() vitals.Sample {
	p.wave, p.waves, p.revision = p.pleth, noninFrames, p.float[floatRevision]
	p.n = 0
	s := vitals.Sample{Kind: vitals.KindOximetry, Flags: noninFlags(p.status)}
	set(&s.Flags, vitals.BatteryLow, p.float[floatStatus2]&0x01 != 0)
	o := &s.Oximetry
	o.Pleth = vitals.Some(p.wave[noninFrames-1])
	if s.Flags.Doubted() || !noninSpO2(p.float[floatSpO2]).Known() || !p.rate(floatHR).Known() {
		return s
	}
	if o.SpO2 = noninSpO2(p.float[floatESpO2D]); !o.SpO2.Known() {
		o.SpO2 = noninSpO2(p.float[floatSpO2D])
	}
	if o.Pulse = p.rate(floatEHRD); !o.Pulse.Known() {
		o.Pulse = p.rate(floatHRD)
	}
	return s
}

func (p *noninPacket) rate(at int) vitals.Maybe[vitals.PerMinute] {
	return noninRate(int(p.float[at]&0x03)<<7 | int(p.float[at+1]&0x7F))
}

// noninFlags reads STATUS, as it was in any of the frames.
func noninFlags(status byte) (f vitals.Flags) {
	set(&f, vitals.SensorOff, status&statusNoSensor != 0)
	set(&f, vitals.Artifact, status&statusArtifact != 0)
	set(&f, vitals.OutOfTrack, status&statusOutOfTrack != 0)
	set(&f, vitals.NoFinger, status&statusNoFinger != 0)
	set(&f, vitals.LowPerfusion, status&statusRed != 0)
	return f
}

// noninRate is a pulse rate of 18 to 321 a minute; 511 is none.
func noninRate(v int) vitals.Maybe[vitals.PerMinute] {
	if v < 18 || v > 321 {
		return vitals.Maybe[vitals.PerMinute]{}
	}
	return vitals.Some(vitals.PerMinute(v))
}

// noninSpO2 is a saturation of 1 to 100 %; 127 is none, and 0 is nobody's.
func noninSpO2(b byte) vitals.Maybe[vitals.Percent] { return saturation(b & 0x7F) }
