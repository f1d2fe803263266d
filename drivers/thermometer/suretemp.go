package thermometer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// SureTemp reads a Welch Allyn SureTemp Plus module. It is not safe for concurrent use.
type SureTemp struct {
	port    frame.Port
	reader  *frame.Reader
	polling bool      // the module refused to send records by itself
	asked   time.Time // when the last command left
	heard   time.Time // when the last good frame came
}

// Times of the protocol.
const (
	recordTime = 173 * time.Millisecond // between two records
	askAgain   = 2 * time.Second        // of silence, before records are switched on again
	silentTime = 10 * time.Second       // of silence, before the module is given up
	lookUp     = 100 * time.Millisecond // how often Next looks at the clock while nothing comes
)

// longRecords is the argument of 9434 for records of 33 bytes.
const longRecords = 1

// NewSureTemp returns a driver on an open port.
func NewSureTemp(p frame.Port) *SureTemp {
	return &SureTemp{port: p, reader: frame.NewReader(p, split, maxFrame)}
}

// Lines are the settings to try, in this order.
func (s *SureTemp) Lines() []frame.Line { return []frame.Line{{Baud: 9600, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (s *SureTemp) Tally() frame.Tally { return s.reader.Tally() }

// Question is what may be sent to a device that is not known: a SureTemp module answers with one record.
func (*SureTemp) Question() []byte { return command(codeRecord) }

// Next returns the next record as a sample, keeping the module sending meanwhile. A refusal of the module is a sample too, with the status
// "refused". It returns frame.ErrSilent after ten seconds without a frame, ctx's error when ctx ends, and the port's own error when it
// fails (io.EOF at the end of a playback).
func (s *SureTemp) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		if err := s.ask(time.Now()); err != nil {
			return vitals.Sample{}, err
		}
		f, err := s.reader.Next(ctx, lookUp)
		now := time.Now()
		if errors.Is(err, frame.ErrSilent) {
			if now.Sub(s.heard) >= silentTime {
				return vitals.Sample{}, fmt.Errorf("thermometer: %w for %s: check its cable and power", err, silentTime)
			}
			continue
		}
		if err != nil {
			return vitals.Sample{}, err
		}
		if sum(f) != 0 {
			s.reader.Reject()
			continue
		}
		s.heard = now
		if sample, ok := s.take(f); ok {
			return sample, nil
		}
	}
}

// take returns the sample of a record or a refusal; other answers say nothing of a temperature.
func (s *SureTemp) take(f []byte) (vitals.Sample, bool) {
	data := f[headLength : len(f)-1]
	code := codeOf(f)
	switch {
	case f[5] == typeCommand:
		return vitals.Sample{}, false // our own, echoed or captured
	case f[5] != typeAnswer:
		s.polling = s.polling || code == codeRecords
		return vitals.Sample{Kind: vitals.KindTemperature, Flags: vitals.Hardware, Status: "refused"}, true
	case code != codeRecord && code != codeRecords:
		return vitals.Sample{}, false
	case len(data) == shortRecord || len(data) == longRecord:
		return decode(data), true
	}
	return vitals.Sample{}, false
}

// ask sends what is due: one record while polling, else records on, again after silence.
func (s *SureTemp) ask(now time.Time) error {
	if s.heard.IsZero() {
		s.heard = now
	}
	switch {
	case s.polling && now.Sub(s.asked) >= recordTime:
		return s.send(now, codeRecord)
	case !s.polling && s.asked.IsZero(), !s.polling && now.Sub(s.heard) >= askAgain && now.Sub(s.asked) >= askAgain:
		return s.send(now, codeRecords, longRecords)
	}
	return nil
}

func (s *SureTemp) send(now time.Time, code uint16, data ...byte) error {
	s.asked = now
	if _, err := s.port.Write(command(code, data...)); err != nil {
		return fmt.Errorf("thermometer: send %04X: %w", code, err)
	}
	return nil
}
