package oximeter

import "nabz/drivers/vitals"

// Parts of a record of format 13.
const (
	spotHead  = 6 // 00 02 00 0D and the length of what follows
	spotTail  = 2 // checksum 03
	spotLeast = 14
	spotMost  = 40
)

// decodeSpot reads a record of format 13. One that comes from the device's memory is no sample: it is of another time and perhaps of
// another patient. One without SmartPoint did not convince the device itself.
func decodeSpot(f []byte) (s vitals.Sample, live bool) {
	d := f[spotHead:]
	if d[9]&0x10 != 0 {
		return s, false
	}
	s.Kind = vitals.KindOximetry
	set(&s.Flags, vitals.NotReady, d[8]&0x01 != 0)
	set(&s.Flags, vitals.Artifact, d[8]&0x02 == 0)
	set(&s.Flags, vitals.BatteryLow, d[9]&0x01 != 0)
	if !s.Flags.Doubted() {
		s.Oximetry.SpO2, s.Oximetry.Pulse = noninSpO2(d[13]), noninRate(int(d[10]&0x01)<<8|int(d[11]))
	}
	return s, true
}

// spotFrame returns the length of the record that b begins with; its sum is not looked at.
func spotFrame(b []byte) (n int, more bool) {
	for i, c := range [...]byte{0x00, 0x02, 0x00, 0x0D} {
		if i < len(b) && b[i] != c {
			return 0, false
		}
	}
	if len(b) < spotHead {
		return 0, true
	}
	length := int(b[4])<<8 | int(b[5])
	if length < spotLeast || length > spotMost {
		return 0, false
	}
	n = spotHead + length + spotTail
	if len(b) < n {
		return 0, true
	}
	if b[n-1] != 0x03 {
		return 0, false
	}
	return n, false
}

// spotWhole returns the length of the good record that b begins with, or 0; more says that further bytes may still make it one.
func spotWhole(b []byte) (n int, more bool) {
	n, more = spotFrame(b)
	if n > 0 && !spotSound(b[:n]) {
		return 0, false
	}
	return n, more
}

// spotSound says whether the sum over the data is right.
func spotSound(f []byte) bool {
	end := len(f) - spotTail
	return sum8(f[spotHead:end]) == f[end]
}

// sum8 is the sum mod 256.
func sum8(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}
