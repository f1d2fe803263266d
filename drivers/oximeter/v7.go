package oximeter

import "nabz/drivers/vitals"

// v7Live is the type of the packets that become samples; all others are answers or stored data.
const v7Live = 0x01

// v7Lengths is the total length of each packet type; 0 is no type. 02, 03, 06, 13 and 14 are not in the document, their lengths are from
// captures.
var v7Lengths = [...]int{
	0x01: 9, 0x02: 9, 0x03: 9, 0x04: 9, 0x05: 9, 0x06: 4, 0x07: 8, 0x08: 8, 0x09: 6, 0x0A: 4, 0x0B: 4, 0x0C: 2, 0x0D: 3, 0x0E: 3, 0x0F: 8,
	0x10: 3, 0x11: 9, 0x12: 8, 0x13: 9, 0x14: 9, 0x15: 9,
}

func v7Length(typ byte) int {
	if int(typ) < len(v7Lengths) {
		return v7Lengths[typ]
	}
	return 0
}

// high says whether bit 7 is set in all of b.
func high(b []byte) bool {
	for _, c := range b {
		if c < 0x80 {
			return false
		}
	}
	return true
}

// payload returns payload byte i of a V7 packet, with its bit 7 put back.
func payload(p []byte, i int) byte { return p[2+i]&0x7F | p[1]>>i&1<<7 }

// decodeV7 reads a live packet of nine bytes.
func decodeV7(p []byte) vitals.Sample {
	p0, p1, p2 := payload(p, 0), payload(p, 1), payload(p, 2)
	s := vitals.Sample{Kind: vitals.KindOximetry}
	set(&s.Flags, vitals.NoFinger, p0&0x80 != 0)
	set(&s.Flags, vitals.Searching, p1&0x80 != 0)
	set(&s.Flags, vitals.SearchTimeout, p0&0x10 != 0)
	o := &s.Oximetry
	o.Pleth = vitals.Some(vitals.Pleth(p1 & 0x7F))
	o.Signal = signal(p0)
	if s.Flags.Doubted() {
		return s
	}
	o.Pulse, o.SpO2 = pulse(payload(p, 3)), saturation(payload(p, 4))
	if pi := int(payload(p, 5)) | int(payload(p, 6))<<8; p2&0x10 == 0 && pi > 0 && pi <= 2200 {
		o.PI = vitals.Some(vitals.CentiPercent(pi))
	}
	return s
}

func set(f *vitals.Flags, flag vitals.Flags, on bool) {
	if on {
		*f |= flag
	}
}

// signal is the strength 0..8 in the low four bits; anything above is none.
func signal(b byte) vitals.Maybe[uint8] {
	if b &= 0x0F; b <= 8 {
		return vitals.Some(b)
	}
	return vitals.Maybe[uint8]{}
}

// pulse is a pulse rate; 0 and 255 are none.
func pulse(b byte) vitals.Maybe[vitals.PerMinute] {
	if b == 0 || b == 0xFF {
		return vitals.Maybe[vitals.PerMinute]{}
	}
	return vitals.Some(vitals.PerMinute(b))
}

// saturation is SpO2; 0, 127 and everything above 100 are none.
func saturation(b byte) vitals.Maybe[vitals.Percent] {
	if b == 0 || b > 100 {
		return vitals.Maybe[vitals.Percent]{}
	}
	return vitals.Some(vitals.Percent(b))
}
