package sim

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
)

// Frame types. The pages that show an error reply are missing from the public manual: type 03 with a 16-bit reason is an assumption.
const (
	typeCommand  = 0x01
	typeResponse = 0x02
	typeError    = 0x03
)

// Command codes that are named elsewhere.
const (
	codeRecords   = 0x9434
	codeRecord    = 0x941C
	codeSetMethod = 0x2A12
)

// Reasons in error replies; the numbers are ours.
const (
	reasonUnknown = 1 // no such command
	reasonContext = 2 // "invalid in this context"
)

var frameStart = []byte{0x03, 0x02, 0x10}

const (
	frameHead = 8  // start, code, type, size
	frameMost = 64 // no command carries more
)

// sureTempFrame builds a frame: codes big-endian, sizes little-endian; the last byte makes the sum of all of them 0.
func sureTempFrame(code uint16, kind byte, data ...byte) []byte {
	f := binary.BigEndian.AppendUint16(bytes.Clone(frameStart), code)
	f = append(f, kind)
	f = binary.LittleEndian.AppendUint16(f, uint16(len(data)))
	f = append(f, data...)
	return append(f, -total(f))
}

func total(b []byte) byte {
	var sum byte
	for _, v := range b {
		sum += v
	}
	return sum
}

func (s *SureTemp) reply(code uint16, data ...byte) []byte {
	return sureTempFrame(code, typeResponse, data...)
}

func (s *SureTemp) refuse(code, reason uint16) []byte {
	return sureTempFrame(code, typeError, byte(reason), byte(reason>>8))
}

// receive finds commands, passing over what is none.
func (s *SureTemp) receive(now time.Duration, b []byte, send func([]byte)) {
	s.buf = append(s.buf, b...)
	for len(s.buf) >= frameHead {
		size := frameHead + int(binary.LittleEndian.Uint16(s.buf[6:])) + 1
		bad := !bytes.HasPrefix(s.buf, frameStart) || s.buf[5] != typeCommand || size > frameMost
		if !bad && len(s.buf) < size {
			return
		}
		if bad || total(s.buf[:size]) != 0 {
			s.buf = s.buf[1:]
			continue
		}
		code, data := binary.BigEndian.Uint16(s.buf[3:]), s.buf[frameHead:size-1]
		send(s.obey(now, code, data))
		s.buf = s.buf[size:]
	}
}

// obey carries out one command and returns its reply.
func (s *SureTemp) obey(now time.Duration, code uint16, data []byte) []byte {
	if answer, ok := s.tell(code, data); ok {
		return s.reply(code, answer...)
	}
	if len(data) > 0 && s.set(now, code, data) || code == 0x3000 || code == 0x3109 {
		if code == 0x3000 {
			s.restart()
		}
		return s.reply(code)
	}
	if code == codeSetMethod {
		return s.refuse(code, reasonContext)
	}
	return s.refuse(code, reasonUnknown)
}

// tell answers the commands that ask.
func (s *SureTemp) tell(code uint16, data []byte) ([]byte, bool) {
	switch code {
	case 0x2900:
		return []byte("SIM0000001\x00"), true
	case 0x2936:
		return []byte("7.5\x00"), len(data) == 1
	case 0x2913:
		return []byte{flag(s.probe.monitor)}, true
	case 0x2945, 0x2949, 0x9415:
		return []byte{s.site}, true
	case 0x9401: // the bits of this status are not published
		return make([]byte, 4), true
	case 0x9413:
		return binary.LittleEndian.AppendUint16(nil, s.pauseMS), true
	case 0x9416: // the event log is empty
		return nil, true
	case 0x941A:
		return float(nil, 0.56), true
	case codeRecord:
		return s.record(s.recordForm()), true
	}
	return nil, false
}

// set obeys the commands that change something and carry data; false when this one may not or does not exist.
func (s *SureTemp) set(now time.Duration, code uint16, data []byte) bool {
	switch code {
	case codeRecords:
		s.ask(now, min(data[0], 2))
	case codeSetMethod: // only with the probe out, and only from predicting to monitoring
		if !s.probe.out || data[0] != 1 {
			return false
		}
		s.probe.monitor = true
	case 0x2A37:
		s.site = min(data[0], 2)
	case 0x3503:
		s.locked = data[0] == 1
	case 0x3604:
		switch {
		case !s.locked:
		case data[0] == 1:
			s.probe.takeAt(now)
		default:
			s.probe.putBack()
		}
	case 0x9433:
		if len(data) != 2 {
			return false
		}
		s.pauseMS = binary.LittleEndian.Uint16(data)
	default:
		return false
	}
	return true
}

func (s *SureTemp) restart() {
	s.counter, s.records, s.site, s.locked = 0, 0, 0, false
	s.probe.putBack()
}

// record is a temperature record: form 1 has 33 bytes, form 2 has 19. All of it little-endian.
func (s *SureTemp) record(form byte) []byte {
	b := float(float(nil, s.probe.value(s.has(Stale))), kelvin(s.probe.tip))
	if form == 1 {
		b = binary.LittleEndian.AppendUint16(b, s.heater())
		b = binary.LittleEndian.AppendUint16(b, uint16(s.counter))
	} else {
		b = binary.LittleEndian.AppendUint32(b, s.counter)
	}
	b = append(b, flag(s.probe.monitor), algorithms[s.site], s.probe.state)
	b = binary.LittleEndian.AppendUint16(b, uint16(flag(s.probe.state == stateError)))
	b = append(b, flag(s.probe.active()), 0)
	if form == 1 {
		b = float(float(float(b, s.ohms()), kelvin(room)), 12_100)
		b = binary.LittleEndian.AppendUint16(b, 445) // battery, hundredths of a volt
	}
	return b
}

// algorithms by probe mode: oral, paediatric axillary, adult axillary.
var algorithms = [...]byte{0, 2, 4}

// heater is the drive of the tip's heater: on until the probe touches the patient.
func (s *SureTemp) heater() uint16 {
	if s.probe.state == stateNotReady || s.probe.state == stateReady {
		return 78
	}
	return 0
}

// ohms is the resistance of the probe's thermistor, about 13.5 kΩ at 34 °C as in the manual's example.
func (s *SureTemp) ohms() float32 { return float32(13_500 * math.Exp(-0.04*(s.probe.tip-34.2))) }

func float(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

// recordForm is the form of a single record: that of the asynchronous ones, the short one when there are none.
func (s *SureTemp) recordForm() byte {
	if s.records == 0 {
		return 2
	}
	return s.records
}
