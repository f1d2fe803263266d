package bpcuff

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// UA767 receives from an A&D UA-767PBT over its serial-port profile: the cuff connects after each measurement and sends one record. It is
// not safe for concurrent use.
type UA767 struct {
	ear      frame.Ear
	reader   *frame.Reader
	came     time.Time // when the record that is not confirmed yet came
	pause    time.Duration
	last     [recordID]byte
	identity vitals.Identity
}

// NewUA767 returns a driver on an open port.
func NewUA767(p frame.Port) *UA767 {
	u := &UA767{ear: frame.Ear{Port: p}, pause: confirmAfter, identity: vitals.Identity{Manufacturer: "A&D", Model: "UA-767PBT"}}
	u.reader = frame.NewReader(&u.ear, splitRecord, recordLength)
	return u
}

// Lines are the settings to try: on Bluetooth the speed is of no account.
func (u *UA767) Lines() []frame.Line { return []frame.Line{{Baud: 115200, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (u *UA767) Tally() frame.Tally { return u.reader.Tally() }

// Identity has the serial number of the last record.
func (u *UA767) Identity() vitals.Identity { return u.identity }

// Times of the protocol.
const (
	confirmAfter = 250 * time.Millisecond // an answer must not come sooner
	staleAfter   = 5 * time.Minute        // between measuring and sending, by the cuff's own clock
)

// confirmed lets the cuff go and forget the record.
const confirmed = "PWA1"

// Next waits for the next measurement, as long as it takes. The record that the call before returned is confirmed first: until then the cuff
// keeps it and sends it again, and one that comes again is confirmed and not returned. The errors are ctx's and the port's own (io.EOF at the
// end of a playback).
func (u *UA767) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		if err := u.confirm(ctx); err != nil {
			return vitals.Sample{}, err
		}
		f, err := u.reader.Next(ctx, partialTime)
		if errors.Is(err, frame.ErrSilent) {
			if u.ear.Silence() >= partialTime {
				u.reader.Reset()
			}
			continue
		}
		if err != nil {
			return vitals.Sample{}, err
		}
		s, ok := decodeRecord(f)
		if !ok {
			u.reader.Reject()
			continue
		}
		u.came = time.Now()
		u.identity.Serial = string(bytes.Trim(f[35:47], "\x00 "))
		id := recordIdentity(f)
		if id == u.last {
			continue
		}
		u.last = id
		return s, nil
	}
}

// confirm answers the record that was returned.
func (u *UA767) confirm(ctx context.Context) error {
	if u.came.IsZero() {
		return nil
	}
	t := time.NewTimer(time.Until(u.came.Add(u.pause)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	u.came = time.Time{}
	return frame.Write(&u.ear, "cuff", []byte(confirmed), abortTime)
}

// Lengths of the record.
const (
	recordHead   = 60
	recordDigits = 10
	recordLength = recordHead + recordDigits
	recordID     = 7 + recordDigits // time of measurement, and what was measured
)

var recordStart = []byte{0x02, 0x00, 0x0A, 0x00, 0x00, 0x00, 0xFF, 0x02}

// splitRecord is a bufio.SplitFunc over records.
func splitRecord(b []byte, atEOF bool) (int, []byte, error) {
	for i := range b {
		head := b[i:min(len(b), i+len(recordStart))]
		if !bytes.HasPrefix(recordStart, head) {
			continue
		}
		if i+recordLength <= len(b) {
			return i + recordLength, b[i : i+recordLength], nil
		}
		if !atEOF {
			return i, nil, nil
		}
	}
	return len(b), nil, nil
}

func recordIdentity(f []byte) (id [recordID]byte) {
	copy(id[:], f[9:16])
	copy(id[7:], f[recordHead:])
	return id
}

// recordStates are the flags of each status but 80; A&D calls every one of them invalid, and one that is not listed too.
var recordStates = map[byte]vitals.Flags{
	0x81: vitals.Artifact, 0x82: vitals.Artifact, 0x83: vitals.CuffLoose, 0x8A: vitals.NotReady | vitals.BatteryLow,
	0x8B: vitals.Artifact | vitals.BatteryLow | vitals.IrregularPulse, 0x8F: vitals.Artifact | vitals.IrregularPulse,
}

// recordNames of the states, made once.
var recordNames = func() (n [256]string) {
	const hex = "0123456789ABCDEF"
	for i := range n {
		n[i] = string([]byte{hex[i>>4], hex[i&15]})
	}
	return n
}()

// decodeRecord reads status, SYS-DIA, DIA, pulse and MAP; ok is false when they are not hexadecimal digits or its times are no times.
func decodeRecord(f []byte) (s vitals.Sample, ok bool) {
	s = vitals.Sample{Kind: vitals.KindBloodPressure}
	var v [recordDigits / 2]byte
	for i := range v {
		if v[i], ok = hexByte(f[recordHead+2*i], f[recordHead+2*i+1]); !ok {
			return s, false
		}
	}
	measured, ok1 := recordTime(f[9:16])
	sent, ok2 := recordTime(f[16:23])
	if !ok1 || !ok2 {
		return s, false
	}
	if v[0] != 0x80 {
		if s.Flags = recordStates[v[0]]; s.Flags == 0 {
			s.Flags = vitals.Hardware
		}
		s.Status = recordNames[v[0]]
		return s, true
	}
	if age := sent.Sub(measured); age < 0 || age > staleAfter {
		s.Flags = vitals.Stale // from the cuff's memory
		return s, true
	}
	if s.BloodPressure, s.Flags = pressures(int(v[2])+int(v[1]), int(v[2]), int(v[4])); s.Flags == 0 && v[3] > 0 {
		s.BloodPressure.Pulse = vitals.Some(vitals.PerMinute(v[3]))
	}
	return s, true
}

// recordTime reads year(2) month day hour minute second.
func recordTime(b []byte) (time.Time, bool) {
	t := time.Date(int(binary.LittleEndian.Uint16(b)), time.Month(b[2]), int(b[3]), int(b[4]), int(b[5]), int(b[6]), 0, time.UTC)
	return t, t.Month() == time.Month(b[2]) && t.Day() == int(b[3]) && b[4] < 24 && b[5] < 60 && b[6] < 60
}
