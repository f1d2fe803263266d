package monitor

import (
	"bytes"
	"strings"

	"nabz/drivers/vitals"
)

// Types of reports.
const (
	reportCuff        = 0x03
	reportSpO2        = 0x04
	reportTemperature = 0x05
)

// Commands.
const (
	setCuff        = 0x02 // 1 inflates
	setSpO2        = 0x03
	setTemperature = 0x04
	setPatient     = 0x09
	setTarget      = 0x0A // mmHg / 2
	askSoftware    = 0xFC
	adult          = 1
	child          = 2
)

type command struct{ what, value byte }

// bytes frames a command.
func (c command) bytes() []byte {
	f := []byte{head0, head1, 4, c.what, c.value, 0}
	f[5] = check(f)
	return f
}

// Bytes of the frame.
const (
	head0, head1 = 0x55, 0xAA
	shortest     = 3 // N of a frame with a type and no data
	most         = 64
	longest      = most + 2
)

// split is a bufio.SplitFunc: 55 AA N and N-1 bytes more.
func split(b []byte, atEOF bool) (int, []byte, error) {
	for i := range b {
		rest := b[i:]
		switch {
		case rest[0] != head0, len(rest) > 1 && rest[1] != head1, len(rest) > 2 && (rest[2] < shortest || rest[2] > most):
			continue
		case len(rest) > 2 && len(rest) >= int(rest[2])+2:
			n := int(rest[2]) + 2
			return i + n, rest[:n], nil
		case !atEOF:
			return i, nil, nil
		}
	}
	return len(b), nil, nil
}

// check is the complement of the sum of N, type and data.
func check(f []byte) byte {
	sum := byte(0)
	for _, c := range f[2 : len(f)-1] {
		sum += c
	}
	return ^sum
}

func checked(f []byte) bool { return f[len(f)-1] == check(f) }

// States of the cuff.
const (
	stateFinished = 0
	stateTesting  = 1
	stateStarting = 9
	stateReady    = 10
	stateUnknown  = 0xFF
)

// ends are the flags of each state that ends a run without a result; one that is not listed is the board's fault.
var ends = [16]vitals.Flags{
	2: vitals.Aborted, 3: vitals.Overpressure, 4: vitals.CuffLoose | vitals.CuffLeak, 5: vitals.TimedOut, 6: vitals.Hardware | vitals.Blockage,
	7: vitals.Artifact, 8: vitals.WeakPulse,
}

var endNames = [16]string{
	0: "state 0", 2: "state 2", 3: "state 3", 4: "state 4", 5: "state 5", 6: "state 6", 7: "state 7", 8: "state 8", 11: "state 11", 12: "state 12",
	13: "state 13", 14: "state 14", 15: "state 15",
}

// failed is a measurement without numbers.
func failed(why vitals.Flags, status string) vitals.Sample {
	return vitals.Sample{Kind: vitals.KindBloodPressure, Flags: why, Status: status}
}

// ended reads the report that ends a run: status, cuff, SYS, MAP, DIA.
func ended(state, who byte, data []byte) vitals.Sample {
	if state != stateFinished {
		if ends[state] == 0 {
			return failed(vitals.Hardware, endNames[state])
		}
		return failed(ends[state], endNames[state])
	}
	if mode := data[0] & 0x03; mode != who {
		return failed(vitals.Implausible, "in another patient's mode")
	}
	sys, mean, dia := data[2], data[3], data[4]
	switch {
	case dia == 0 || sys <= mean || mean <= dia:
		return failed(vitals.Implausible, endNames[0])
	case sys < 30 || dia < 15 || dia > 220 || mean < 20 || mean > 235:
		return failed(vitals.OutOfRange, endNames[0])
	}
	return vitals.Sample{Kind: vitals.KindBloodPressure, BloodPressure: vitals.BloodPressure{
		Systolic: vitals.Some(vitals.MmHg(sys)), Diastolic: vitals.Some(vitals.MmHg(dia)), Mean: vitals.Some(vitals.MmHg(mean)),
	}}
}

// probe are the flags of each SpO2 status; one that is not listed is the board's fault.
var probe = [...]vitals.Flags{0, vitals.SensorOff, vitals.NoFinger, vitals.Searching, vitals.SearchTimeout}

// oximetry reads status, SpO2 (127 none), pulse (255 none).
func oximetry(data []byte) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindOximetry, Flags: vitals.Hardware}
	if int(data[0]) < len(probe) {
		s.Flags = probe[data[0]]
	}
	return withNumbers(s, data[1], data[2])
}

// withNumbers gives SpO2 and pulse where no flag forbids it and they are not the signs for none: 127 and 255, or 0.
func withNumbers(s vitals.Sample, spo2, pulse byte) vitals.Sample {
	if s.Flags.Doubted() {
		return s
	}
	if spo2 > 0 && spo2 <= 100 {
		s.Oximetry.SpO2 = vitals.Some(vitals.Percent(spo2))
	}
	if pulse > 0 && pulse < 255 {
		s.Oximetry.Pulse = vitals.Some(vitals.PerMinute(pulse))
	}
	return s
}

// temperature reads status (bit 0 T1 off, bit 1 T2 off) and one or two values in degrees and tenths; the first probe that is there counts. The
// probe touches the body and the board waits for nothing, so the exam does.
func temperature(data []byte) vitals.Sample {
	s := vitals.Sample{Kind: vitals.KindTemperature, Temperature: vitals.Temperature{Mode: vitals.Direct}}
	for i := 0; 2*i+2 < len(data); i++ {
		if data[0]&(1<<i) != 0 {
			continue
		}
		whole, tenth := data[1+2*i], data[2+2*i]
		if whole == 0 || whole > 50 || tenth > 9 {
			s.Flags |= vitals.OutOfRange
			return s
		}
		s.Temperature.Value = vitals.Some(vitals.MilliCelsius(int(whole)*1000 + int(tenth)*100))
		return s
	}
	s.Flags = vitals.SensorOff
	return s
}

// printable is a version as text, or nothing.
func printable(b []byte) string {
	b = bytes.TrimRight(b, "\x00")
	for _, c := range b {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return strings.TrimSpace(string(b))
}
