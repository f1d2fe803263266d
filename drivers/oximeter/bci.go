package oximeter

import "nabz/drivers/vitals"

// Dialect says who speaks the five-byte stream.
type Dialect uint8

// The dialects. They differ in bit 5 of b0.
const (
	DialectContec Dialect = iota
	DialectBerry
)

// bciLength is the length of a packet of the five-byte stream.
const bciLength = 5

// berryWave is the highest point of a Berry's waveform, which goes from 1 to 100; a Contec's goes from 0 to 127.
const berryWave = 100

// decodeBCI reads a packet of five bytes.
func decodeBCI(p []byte, d Dialect) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindOximetry}
	set(&s.Flags, vitals.NoFinger, p[2]&0x10 != 0)
	set(&s.Flags, vitals.Searching, p[2]&0x20 != 0)
	set(&s.Flags, vitals.SearchTimeout, p[0]&0x10 != 0)
	set(&s.Flags, vitals.SensorOff, d == DialectBerry && p[0]&0x20 != 0)
	o := &s.Oximetry
	o.Signal = signal(p[0])
	if d == DialectContec || p[1] != 0 && p[1] <= berryWave {
		o.Pleth = vitals.Some(vitals.Pleth(p[1]))
	}
	if s.Flags.Doubted() {
		return s
	}
	o.Pulse, o.SpO2 = pulse(p[2]&0x40<<1|p[3]), saturation(p[4])
	return s
}
