package sim

import "slices"

// Commands of the V7 protocol that change something. The others are only answered.
const (
	startLive = 0xA1
	stopLive  = 0xA2
	stopData  = 0xA7
	keepAlive = 0xAF
)

const commandLength = 9

// parseCommand reads the nine bytes of a host command: 7D, the top bits, the code and six arguments, all but the first with bit 7 set.
func parseCommand(b []byte) (code byte, args []byte, ok bool) {
	if b[0] != 0x7D {
		return 0, nil, false
	}
	body := slices.Clone(b[2:commandLength])
	for i := range body {
		if body[i]&0x80 == 0 || b[1]&0x80 == 0 {
			return 0, nil, false
		}
		body[i] = body[i]&0x7F | b[1]>>i<<7
	}
	return body[0], body[1:], true
}

// packet builds what the device sends: type, the payload's top bits gathered in one byte, the payload with bit 7 set.
func packet(kind byte, payload ...byte) []byte {
	p := []byte{kind, 0x80}
	for i, b := range payload {
		p[1] |= b >> 7 << i
		p = append(p, b|0x80)
	}
	return p
}

// reasonUnsupported is the reason in an 0B answer to what this device does not do.
const reasonUnsupported = 0x05

// answers returns the packets that answer a command, word for word as captured from a CMS50D+ (user "user", no recorded segments).
func (m Model) answers(code byte, args []byte) [][]byte {
	switch code {
	case startLive, keepAlive:
		return nil
	case stopLive, stopData:
		return [][]byte{packet(0x0C)}
	case 0xA0: // protocol version 7
		return [][]byte{packet(0x06, 0, 7)}
	case 0xA3: // number of segments
		return [][]byte{packet(0x0A, args[0], 0)}
	case 0xA8: // model, in two parts
		return [][]byte{text(0x02, 0x00, "      "), text(0x02, 0xFF, "      ")}
	case 0xA9: // vendor
		return [][]byte{text(0x03, ' ', "      ")}
	case 0xAA: // device id
		return [][]byte{text(0x04, 'u', "ser   ")}
	case 0xAB: // user
		return [][]byte{text(0x05, args[0], "user\x00\x00")}
	case 0xAC: // perfusion index: 0 yes, 1 no
		return [][]byte{packet(0x0E, flag(m == CMS50DPlus))}
	case 0xAD: // users
		return [][]byte{packet(0x10, 1)}
	case 0xB0: // storage present
		return [][]byte{packet(0x11, 1, 1, 0, 0, 0, 0, 0)}
	case 0xB1, 0xB2: // time and date are set
		return [][]byte{packet(0x0B, code, 0)}
	case 0xB3:
		return [][]byte{text(0x13, ' ', "      "), text(0x14, ' ', "    \x00\x00")}
	}
	return [][]byte{packet(0x0B, code, reasonUnsupported)}
}

func text(kind, first byte, s string) []byte { return packet(kind, append([]byte{first}, s...)...) }

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// v7 is one live packet (type 01) of what the display shows.
func (d display) v7(m Model) []byte {
	pulse, spo2, pi := d.pulse.or(0xFF), d.spo2.or(0x7F), d.perfusion.or(0xFFFF)
	if m == CMS50DPlus {
		pulse, spo2, pi = d.pulse.or(0), d.spo2.or(0), 0xFFFF
	}
	return packet(
		0x01,
		d.signal|flag(d.tooLong)<<4|flag(d.beep)<<6|flag(d.noFinger)<<7,
		d.wave|flag(d.searching)<<7,
		d.bar|flag(pi == 0xFFFF)<<4,
		byte(pulse), byte(spo2), byte(pi), byte(pi>>8),
	)
}
