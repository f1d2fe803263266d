package oximeter

import "nabz/drivers/vitals"

// noninGroup is one group of format 1 or 8.
type noninGroup struct {
	there bool
	sane  bool // its numbers are in range, or the signs for none
	flags vitals.Flags
	spo2  vitals.Maybe[vitals.Percent]
	pulse vitals.Maybe[vitals.PerMinute]
}

// How far two groups, a second apart, may differ. They have no checksum, so a number is believed when the group before it said nearly the
// same: the values are averages of four beats or more, and do not leap.
const (
	groupSpO2  = 3
	groupPulse = 10
)

// readGroup reads b1 b2 b3 of format 1, and b4 of format 8.
func readGroup(b []byte, is noninFormat) noninGroup {
	rate := int(b[0]&0x03)<<7 | int(b[1]&0x7F)
	g := noninGroup{there: true, spo2: noninSpO2(b[2]), pulse: noninRate(rate)}
	g.sane = (g.pulse.Known() || rate == 0 || rate == 511) && (g.spo2.Known() || b[2] == 0 || b[2] == 127)
	set(&g.flags, vitals.SensorOff, b[0]&0x40 != 0)
	set(&g.flags, vitals.OutOfTrack, b[0]&0x20 != 0)
	set(&g.flags, vitals.LowPerfusion, b[0]&0x18 != 0)
	set(&g.flags, vitals.Artifact, b[0]&0x04 != 0)
	if is == noninFormat8 {
		set(&g.flags, vitals.NoFinger, b[3]&0x08 != 0)
		set(&g.flags, vitals.SensorOff, g.flags.Has(vitals.SensorOff) || b[3]&0x40 != 0)
		set(&g.flags, vitals.BatteryLow, b[3]&0x01 != 0)
	}
	return g
}

// follows says whether g can come a second after before: nearly the same, or numbers come or go.
func (g noninGroup) follows(before noninGroup) bool {
	if !g.spo2.Known() || !before.spo2.Known() {
		return true
	}
	return near(g.spo2, before.spo2, groupSpO2) && near(g.pulse, before.pulse, groupPulse)
}

// sample gives the numbers of a group that no flag forbids and that the one before it bears out.
func (g noninGroup) sample(before noninGroup) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindOximetry, Flags: g.flags}
	if g.flags.Doubted() || before.flags.Doubted() || !before.there {
		return s
	}
	if near(g.spo2, before.spo2, groupSpO2) && near(g.pulse, before.pulse, groupPulse) {
		s.Oximetry.SpO2, s.Oximetry.Pulse = g.spo2, g.pulse
	}
	return s
}

func near[T ~int](a, b vitals.Maybe[T], by T) bool {
	x, ok1 := a.Get()
	y, ok2 := b.Get()
	return ok1 && ok2 && max(x-y, y-x) <= by
}
