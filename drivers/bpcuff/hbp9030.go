package bpcuff

import (
	"bytes"
	"context"
	"errors"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// HBP9030 listens to an Omron HBP-9030: the patient puts an arm in and presses start, and the monitor sends one line. It is not safe for
// concurrent use.
type HBP9030 struct {
	ear    frame.Ear
	reader *frame.Reader
}

// NewHBP9030 returns a driver on an open port. It never writes to it.
func NewHBP9030(p frame.Port) *HBP9030 {
	h := &HBP9030{ear: frame.Ear{Port: p}}
	h.reader = frame.NewReader(&h.ear, splitLine, lineMost)
	return h
}

// Lines are the settings to try: on USB the speed is of no account.
func (h *HBP9030) Lines() []frame.Line { return []frame.Line{{Baud: 115200, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (h *HBP9030) Tally() frame.Tally { return h.reader.Tally() }

// Identity is the maker's: the monitor tells nothing of itself.
func (h *HBP9030) Identity() vitals.Identity {
	return vitals.Identity{Manufacturer: "Omron", Model: "HBP-9030"}
}

// partialTime is how long the next bytes of a line may take.
const partialTime = time.Second

// Next waits for the next measurement, as long as it takes. A line in another of the monitor's formats is a sample without numbers whose
// status says so. The errors are ctx's and the port's own (io.EOF at the end of a playback).
func (h *HBP9030) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		line, err := h.reader.Next(ctx, partialTime)
		if errors.Is(err, frame.ErrSilent) {
			if h.ear.Silence() >= partialTime {
				h.reader.Reset()
			}
			continue
		}
		if err != nil {
			return vitals.Sample{}, err
		}
		if s, ok := decodeLine(bytes.TrimRight(line, "\r\n")); ok {
			return s, nil
		}
		h.reader.Reject()
	}
}

// Lengths of lines: format 5 without its end, and the longest of any format.
const (
	lineLength = 53
	lineMost   = 96
)

// splitLine is a bufio.SplitFunc over lines. Nothing but text is in one.
func splitLine(b []byte, atEOF bool) (int, []byte, error) {
	start := 0
	for i, c := range b {
		switch {
		case c == '\n':
			return i + 1, b[start : i+1], nil
		case c != '\r' && (c < ' ' || c > '~'):
			start = i + 1
		}
	}
	if atEOF && len(b)-start == lineLength {
		return len(b), b[start:], nil // the last line of a capture may lack its end
	}
	if atEOF {
		return len(b), nil, nil
	}
	return start, nil, nil
}

// OtherFormat is the status of a sample whose line is in a format that the driver does not read.
const OtherFormat = "set the output to format 5 (menu item 32)"

// Places in a line of format 5.
const (
	lineError    = 38
	lineSystolic = 40
	lineMovement = 52
)

var lineCommas = [...]int{4, 7, 10, 13, 16, 37, 39, 43, 47, 51}

// decodeLine reads a line; ok is false for what is none.
func decodeLine(b []byte) (s vitals.Sample, ok bool) {
	s = vitals.Sample{Kind: vitals.KindBloodPressure}
	if bytes.HasPrefix(b, []byte("bp,")) {
		s.Flags, s.Status = vitals.NotReady, OtherFormat
		return s, true
	}
	if len(b) != lineLength || !dated(b) {
		return s, false
	}
	for _, at := range lineCommas {
		if b[at] != ',' {
			return s, false
		}
	}
	sys, ok1 := digits(b[lineSystolic : lineSystolic+3])
	dia, ok2 := digits(b[lineSystolic+4 : lineSystolic+7])
	rate, ok3 := digits(b[lineSystolic+8 : lineSystolic+11])
	switch code := b[lineError]; {
	case code < '0' || code > '9' || b[lineMovement] != '0' && b[lineMovement] != '1':
		return s, false
	case code != '0':
		s.Flags, s.Status = vitals.Aborted, string(b[lineError:lineError+1])
	case !ok1 || !ok2 || !ok3:
		return s, false
	case b[lineMovement] == '1':
		s.Flags = vitals.Artifact
	case sys < 60 || sys > 260 || dia < 30 || dia > 215 || rate < 40 || rate > 180:
		s.Flags = vitals.OutOfRange
	case sys <= dia:
		s.Flags = vitals.Implausible
	default:
		s.BloodPressure = vitals.BloodPressure{
			Systolic: vitals.Some(vitals.MmHg(sys)), Diastolic: vitals.Some(vitals.MmHg(dia)), Pulse: vitals.Some(vitals.PerMinute(rate)),
		}
	}
	return s, true
}

// dated says whether a line begins with a date and a time.
func dated(b []byte) bool {
	for _, part := range [...]struct{ at, n, least, most int }{{0, 4, 2000, 2099}, {5, 2, 1, 12}, {8, 2, 1, 31}, {11, 2, 0, 23}, {14, 2, 0, 59}} {
		if v, ok := digits(b[part.at : part.at+part.n]); !ok || v < part.least || v > part.most {
			return false
		}
	}
	return true
}
