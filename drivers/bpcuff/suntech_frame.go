package bpcuff

import (
	"bytes"
	"strings"

	"nabz/drivers/vitals"
)

// Bytes of the frames.
const (
	sunHost   = 0x3A
	sunModule = 0x3E
	sunLeast  = 4
	sunMost   = 67

	letterLength   = 4
	pressureLength = 5
	resultLength   = 24
)

// The commands, without head and checksum.
const (
	sunAdult = 0x20 // inflates
	sunChild = 0x87 // likewise
	sunFirst = 0x17 // and the first inflation, little-endian
)

var (
	sunAbort           = []byte{0x79, 0x01, 0x00}
	sunPressureCommand = []byte{0x79, 0x05, 0x00}
	sunResultCommand   = []byte{0x79, 0x03, 0x00}
	sunVersion         = []byte{0x79, 0x02, 0x40}
)

// Letters of short answers that the driver acts on.
const (
	sunTaken = 'O'
	sunDone  = 'K'
	sunStops = 'A'
)

var sunLetters = map[byte]string{
	'O': "received", 'K': "done", 'A': "aborted", 'B': "busy", 'E': "error", 'N': "undefined", 'D': "not recognised", 'S': "asleep", 'T': "time-out",
}

// sunCommand frames a command.
func sunCommand(b ...byte) []byte {
	f := append([]byte{sunHost}, b...)
	return append(f, -sum(f))
}

// splitSunTech is a bufio.SplitFunc over the module's frames.
func splitSunTech(b []byte, atEOF bool) (int, []byte, error) {
	for i := 0; i < len(b); i++ {
		at := bytes.IndexByte(b[i:], sunModule)
		if at < 0 {
			return len(b), nil, nil
		}
		i += at
		if i+1 < len(b) && (b[i+1] < sunLeast || b[i+1] > sunMost) {
			continue
		}
		if i+1 < len(b) && i+int(b[i+1]) <= len(b) {
			end := i + int(b[i+1])
			return end, b[i:end], nil
		}
		if !atEOF {
			return i, nil, nil
		}
	}
	return len(b), nil, nil
}

type sunKind uint8

const (
	sunOther sunKind = iota
	sunLetter
	sunPressure
	sunResult
	sunText
)

// sunReport is one frame taken apart.
type sunReport struct {
	kind     sunKind
	letter   byte
	pressure vitals.Maybe[vitals.MmHg]
	sample   vitals.Sample
	text     string
}

// ends says that the run is over.
func (r sunReport) ends() bool {
	return r.kind == sunLetter && (r.letter == sunDone || r.letter == sunStops)
}

// parseSunTech takes a frame apart; ok says that its checksum is right.
func parseSunTech(f []byte) (r sunReport, ok bool) {
	if sum(f) != 0 {
		return r, false
	}
	switch b := f[2 : len(f)-1]; len(f) {
	case letterLength:
		return sunReport{kind: sunLetter, letter: b[0]}, true
	case pressureLength:
		return sunReport{kind: sunPressure, pressure: sunMmHg(b)}, true
	case resultLength:
		return sunReport{kind: sunResult, sample: sunSample(b)}, true
	default:
		return sunWords(b), true
	}
}

// sunWords is a version text.
func sunWords(b []byte) sunReport {
	for _, c := range bytes.TrimRight(b, "\x00") {
		if c < ' ' || c > '~' {
			return sunReport{}
		}
	}
	return sunReport{kind: sunText, text: strings.TrimSpace(string(bytes.TrimRight(b, "\x00")))}
}

// sunMmHg is a cuff pressure; FFFF is none, and a cuff that was just zeroed may be a little below.
func sunMmHg(b []byte) vitals.Maybe[vitals.MmHg] {
	v := int16(uint16(b[0]) | uint16(b[1])<<8)
	if v < 0 {
		if v == -1 {
			return vitals.Maybe[vitals.MmHg]{}
		}
		v = 0
	}
	return vitals.Some(vitals.MmHg(v))
}

// sunErrors are the flags of each error; one that is not listed is the module's fault.
var sunErrors = [256]vitals.Flags{
	1: vitals.WeakPulse, 2: vitals.Artifact, 3: vitals.OutOfRange, 4: vitals.TimedOut, 85: vitals.Blockage, 86: vitals.Aborted,
	87: vitals.CuffLoose | vitals.CuffLeak, 88: vitals.TimedOut, 89: vitals.Overpressure, 90: vitals.Hardware, 91: vitals.Hardware, 97: vitals.Hardware,
	99: vitals.Hardware,
}

// sunNames of the errors, made once so that decoding allocates nothing.
var sunNames = func() (n [256]string) {
	for i := range n {
		n[i] = string([]byte{'E', '0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)})
	}
	return n
}()

// sunSample reads a result: SYS(2) DIA(2) beats status tests(8) HR spare MAP(2) error spare(2), little-endian.
func sunSample(b []byte) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindBloodPressure}
	if code := b[18]; code != 0 {
		s.Flags, s.Status = sunErrors[code], sunNames[code]
		if s.Flags == 0 {
			s.Flags = vitals.Hardware
		}
		return s
	}
	sys, dia, mean := int(b[0])|int(b[1])<<8, int(b[2])|int(b[3])<<8, int(b[16])|int(b[17])<<8
	if s.BloodPressure, s.Flags = pressures(sys, dia, mean); s.Flags != 0 {
		s.Status = sunNames[0]
		return s
	}
	if rate := b[14]; rate > 0 && rate < 255 {
		s.BloodPressure.Pulse = vitals.Some(vitals.PerMinute(rate))
	}
	return s
}
