package bpcuff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// SunTech commands a SunTech Advantage module (OEM, Mini, A+, LX). It is not safe for concurrent use, but Abort may be called at any time.
type SunTech struct {
	port     frame.Port
	reader   *frame.Reader
	sent     time.Time // when the last command left
	aborted  time.Time // when the last abort left
	identity vitals.Identity
}

// NewSunTech returns a driver on an open port. Call Init before anything else.
func NewSunTech(p frame.Port) *SunTech {
	return &SunTech{
		port: p, reader: frame.NewReader(p, splitSunTech, sunMost), identity: vitals.Identity{Manufacturer: "SunTech Medical", Model: "Advantage"},
	}
}

// Lines are the settings to try.
func (s *SunTech) Lines() []frame.Line { return []frame.Line{{Baud: 9600, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (s *SunTech) Tally() frame.Tally { return s.reader.Tally() }

// Question is what may be sent to a device that is not known: an Advantage answers with its version.
func (*SunTech) Question() []byte { return sunCommand(sunVersion...) }

// Identity has the module's version text once Init has heard it.
func (s *SunTech) Identity() vitals.Identity { return s.identity }

// Init stops whatever may be running and asks for the version: a module that does not answer is not there (frame.ErrSilent). It never
// inflates.
func (s *SunTech) Init(ctx context.Context) error {
	if err := s.Abort(); err != nil {
		return err
	}
	for range tries {
		r, err := s.ask(ctx, sunVersion, func(r sunReport) bool { return r.kind == sunText })
		if errors.Is(err, frame.ErrSilent) {
			continue
		}
		if err == nil {
			s.identity.Firmware = r.text
		}
		return err
	}
	return fmt.Errorf("cuff: no answer to the version command: check its cable and power: %w", frame.ErrSilent)
}

// Abort empties the cuff. It gives up after two seconds.
func (s *SunTech) Abort() error {
	s.aborted = time.Now()
	return frame.Write(s.port, "cuff", sunCommand(sunAbort...), abortTime)
}

// Times of the protocol.
const (
	sunBetween = 100 * time.Millisecond // two commands
	sunAfter   = 500 * time.Millisecond // an abort, before a first inflation is set
	sunPoll    = 200 * time.Millisecond // of the pressure in the cuff
	sunAnswer  = time.Second
	sunRun     = 130 * time.Second // a run without its end is aborted
	sunEmpty   = 10 * time.Second  // for a cuff to empty before a run
)

// Pressures of a run, in mmHg.
const (
	sunFlat     = 5  // an empty cuff
	sunInflated = 20 // a run that has begun
)

// Measure runs one measurement: it inflates once, tells progress of the pressure in the cuff, and returns the result.
//
// The Sample has either numbers and no flags, or flags, the module's error as Status, and no numbers. An error means that the run did not
// come to its end: cancelled, refused, or the wire failed. Whatever happens, a run that is not over is told to abort before Measure returns.
func (s *SunTech) Measure(ctx context.Context, order vitals.Inflation, progress func(vitals.MmHg)) (m vitals.Sample, err error) {
	if err := s.prepare(ctx, order.First); err != nil {
		return m, err
	}
	over := false
	defer func() {
		if !over {
			err = errors.Join(err, s.Abort())
		}
	}()
	start := byte(sunAdult)
	if order.Small() {
		start = sunChild
	}
	if err := s.order(ctx, "start", start); err != nil {
		return m, err
	}
	limited, cancel := context.WithTimeout(ctx, sunRun)
	defer cancel()
	inflated, err := s.follow(limited, progress)
	if err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return failed(vitals.TimedOut), nil
		}
		return m, err
	}
	if m, err = s.result(ctx); err != nil {
		return m, err
	}
	over = true
	if !inflated && !m.Flags.Doubted() {
		return vitals.Sample{Kind: vitals.KindBloodPressure, Flags: vitals.Implausible, Status: "a result without inflation"}, nil
	}
	return m, nil
}

// prepare waits until the cuff is empty and sets the first inflation.
func (s *SunTech) prepare(ctx context.Context, start vitals.MmHg) error {
	for until := time.Now().Add(sunEmpty); ; {
		p, known, err := s.pressure(ctx)
		if err != nil {
			return fmt.Errorf("cuff: before measuring: %w", err)
		}
		if known && p <= sunFlat {
			break
		}
		if time.Now().After(until) {
			return errors.New("cuff: it does not empty: open it and take it off")
		}
		if err := s.pause(ctx, sunPoll); err != nil {
			return err
		}
	}
	if start == 0 {
		return nil
	}
	if err := s.pause(ctx, time.Until(s.aborted.Add(sunAfter))); err != nil {
		return err
	}
	return s.order(ctx, "first inflation", sunFirst, byte(start), byte(start>>8))
}

// order sends a command that the module must take. It is sent once.
func (s *SunTech) order(ctx context.Context, what string, command ...byte) error {
	r, err := s.ask(ctx, command, func(r sunReport) bool { return r.kind == sunLetter && r.letter != sunDone })
	if err != nil {
		return fmt.Errorf("cuff: %s: %w", what, err)
	}
	if r.letter != sunTaken {
		return fmt.Errorf("cuff: %s: the module answers %c (%s)", what, r.letter, sunLetters[r.letter])
	}
	return nil
}

// follow asks for the pressure until the module says that it is done.
func (s *SunTech) follow(ctx context.Context, progress func(vitals.MmHg)) (inflated bool, err error) {
	for silent := 0; ; {
		r, err := s.ask(ctx, sunPressureCommand, func(r sunReport) bool { return r.kind == sunPressure || r.ends() })
		switch {
		case errors.Is(err, frame.ErrSilent) && silent < tries:
			silent++
			continue
		case err != nil:
			return inflated, fmt.Errorf("cuff: measuring: %w", err)
		case r.ends():
			return inflated, nil
		}
		silent = 0
		if p, known := r.pressure.Get(); known {
			inflated = inflated || p >= sunInflated
			progress(p)
		}
		if err := s.pause(ctx, sunPoll-sunBetween); err != nil {
			return inflated, err
		}
	}
}

// result asks for the result; asking again inflates nothing.
func (s *SunTech) result(ctx context.Context) (vitals.Sample, error) {
	for range tries {
		r, err := s.ask(ctx, sunResultCommand, func(r sunReport) bool { return r.kind == sunResult })
		if err == nil {
			return r.sample, nil
		}
		if !errors.Is(err, frame.ErrSilent) {
			return vitals.Sample{}, err
		}
	}
	return vitals.Sample{}, fmt.Errorf("cuff: no answer to the result command: check its cable and power: %w", frame.ErrSilent)
}

func (s *SunTech) pressure(ctx context.Context) (p vitals.MmHg, known bool, err error) {
	for range tries {
		var r sunReport
		if r, err = s.ask(ctx, sunPressureCommand, func(r sunReport) bool { return r.kind == sunPressure }); !errors.Is(err, frame.ErrSilent) {
			p, known = r.pressure.Get()
			return p, known, err
		}
	}
	return 0, false, err
}

// Next decodes whatever the module sends, without asking for anything: a cuff pressure, or a result. It is how captures are replayed and how
// an idle cuff is listened to. A result is not known to belong to a run, so only Measure's results are measurements.
func (s *SunTech) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		f, err := s.reader.Next(ctx, 0)
		if err != nil {
			return vitals.Sample{}, err
		}
		r, ok := parseSunTech(f)
		switch {
		case !ok:
			s.reader.Reject()
		case r.kind == sunPressure && r.pressure.Known():
			return vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: r.pressure}, nil
		case r.kind == sunResult:
			return r.sample, nil
		}
	}
}
