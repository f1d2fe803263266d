package bpcuff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// PAROpts tells the variants apart.
type PAROpts struct {
	Combined bool // combined BP and SpO2 board
	SpO2     bool // Init switches the combined board's oximeter on; its packets must be taken out of the stream before it comes here
}

// PAR commands a PAR NIBP2010, NIBP2020 UP or UN300C. It is not safe for concurrent use, but Abort may be called at any time.
type PAR struct {
	port   frame.Port
	opts   PAROpts
	reader *frame.Reader
	sent   time.Time // when the last ordinary command left
}

// NewPAR returns a driver on an open port. Call Init before anything else.
func NewPAR(p frame.Port, o PAROpts) *PAR {
	return &PAR{port: p, opts: o, reader: frame.NewReader(p, split, longest)}
}

// Lines are the settings to try, in this order.
func (p *PAR) Lines() []frame.Line {
	if p.opts.Combined {
		return []frame.Line{{Baud: 19200, Parity: 'N', StopBits: 1}}
	}
	return []frame.Line{{Baud: 4800, Parity: 'N', StopBits: 1}}
}

// Tally returns what was counted so far.
func (p *PAR) Tally() frame.Tally { return p.reader.Tally() }

// Question is what may be sent to a device that is not known: a PAR module answers with its status.
func (p *PAR) Question() []byte { return p.command(cmdStatus) }

// Init stops whatever may be running, selects an adult and manual mode, and waits for a status: a module that gives none is not there
// (frame.ErrSilent). It never inflates.
func (p *PAR) Init(ctx context.Context) error {
	if err := p.Abort(); err != nil {
		return err
	}
	codes := []string{cmdAdult, cmdManual}
	if p.opts.Combined && p.opts.SpO2 {
		codes = append(codes, cmdSpO2On)
	}
	for _, code := range codes {
		if err := p.send(ctx, code); err != nil {
			return err
		}
	}
	_, err := p.status(ctx)
	return err
}

// Abort empties the cuff. It gives up after two seconds.
func (p *PAR) Abort() error { return frame.Write(p.port, "cuff", []byte{abort}, abortTime) }

// Measure runs one measurement: it inflates once, tells progress of the pressure in the cuff, and returns the result. The module has no mode for
// children: they are measured as adults, from a lower first inflation.
//
// The Sample has either numbers and no flags, or flags, the module's message as Status, and no numbers. An error means that the run did not
// come to its end: cancelled, or the wire failed. Whatever happens, a run that is not over is told to abort before Measure returns.
func (p *PAR) Measure(ctx context.Context, order vitals.Inflation, progress func(vitals.MmHg)) (s vitals.Sample, err error) {
	code, err := p.startCommand(order.First)
	if err != nil {
		return s, err
	}
	if code != "" {
		if err := p.send(ctx, code); err != nil {
			return s, err
		}
	}
	return p.run(ctx, cmdStart, progress, p.result)
}

// run runs one inflation to its end and asks what came of it. Whatever happens, one that is not over is told to abort before run returns.
func (p *PAR) run(ctx context.Context, command string, progress func(vitals.MmHg), result func(context.Context) (vitals.Sample, error)) (s vitals.Sample, err error) {
	if err := p.drain(ctx); err != nil {
		return s, err
	}
	over := false
	defer func() {
		if !over {
			err = errors.Join(err, p.Abort())
		}
	}()
	if err := p.send(ctx, command); err != nil {
		return s, err
	}
	limited, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	if err := p.follow(limited, progress); err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return failed(vitals.TimedOut), nil
		}
		return s, err
	}
	s, err = result(ctx)
	over = err == nil
	return s, err
}

// failed is a measurement without numbers that the host ended.
func failed(why vitals.Flags) vitals.Sample {
	return vitals.Sample{Kind: vitals.KindBloodPressure, Flags: why | vitals.Aborted, Status: "host"}
}

// drain throws away what an earlier run still sends.
func (p *PAR) drain(ctx context.Context) error {
	for until := time.Now().Add(statusTime); time.Now().Before(until); {
		if _, err := p.reader.Next(ctx, quietTime); errors.Is(err, frame.ErrSilent) {
			return nil
		} else if err != nil {
			return fmt.Errorf("cuff: before measuring: %w", err)
		}
	}
	return errors.New("cuff: the module is busy with another run: wait until the cuff is empty")
}

// follow reads cuff frames until the end marker of this run: one that comes before any pressure is an earlier run's.
func (p *PAR) follow(ctx context.Context, progress func(vitals.MmHg)) error {
	for running := false; ; {
		f, err := p.reader.Next(ctx, frameTime)
		if err != nil {
			return fmt.Errorf("cuff: measuring: %w", err)
		}
		switch r := parse(f); r.kind {
		case damaged:
			p.reader.Reject()
		case cuffFrame:
			running = true
			progress(r.pressure)
		case endMarker:
			if running {
				p.sent = time.Now() // the module wants a second before it is asked
				return nil
			}
		case statusFrame: // of before this run's end: not its result
		}
	}
}

// result asks for the result after the end marker.
func (p *PAR) result(ctx context.Context) (vitals.Sample, error) {
	r, err := p.status(ctx)
	if err != nil {
		return vitals.Sample{}, err
	}
	if r.patient != '0' && !r.sample.Flags.Doubted() {
		return vitals.Sample{Kind: vitals.KindBloodPressure, Flags: vitals.Implausible, Status: "not in adult mode"}, nil
	}
	return r.sample, nil
}

// tries is how often a status is asked for: asking again inflates nothing.
const tries = 3

// status asks for the status and returns the answer. What comes before the answer is passed over.
func (p *PAR) status(ctx context.Context) (report, error) {
	var err error
	for range tries {
		if err = p.send(ctx, cmdStatus); err != nil {
			return report{}, err
		}
		var r report
		if r, err = p.answer(ctx); !errors.Is(err, frame.ErrSilent) {
			return r, err
		}
	}
	return report{}, fmt.Errorf("cuff: no answer to the status command: check its cable and power: %w", err)
}

func (p *PAR) answer(ctx context.Context) (report, error) {
	for until := time.Now().Add(statusTime); ; {
		left := time.Until(until)
		if left <= 0 {
			return report{}, frame.ErrSilent
		}
		f, err := p.reader.Next(ctx, left)
		if err != nil {
			return report{}, err
		}
		switch r := parse(f); r.kind {
		case damaged:
			p.reader.Reject()
		case statusFrame:
			return r, nil
		}
	}
}

// send sends an ordinary command, a second after the one before.
func (p *PAR) send(ctx context.Context, code string) error {
	t := time.NewTimer(time.Until(p.sent.Add(betweenCommands)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.sent = time.Now()
	return frame.Write(p.port, "cuff", p.command(code), abortTime)
}

// Next decodes whatever the module sends, without asking for anything: a cuff pressure, or a status as a blood-pressure sample. It is how
// captures are replayed and how an idle cuff is listened to. End markers are passed over. A status is not known to belong to a run, so
// only Measure's results are measurements.
func (p *PAR) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		f, err := p.reader.Next(ctx, 0)
		if err != nil {
			return vitals.Sample{}, err
		}
		switch r := parse(f); r.kind {
		case damaged:
			p.reader.Reject()
		case cuffFrame:
			return vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(r.pressure)}, nil
		case statusFrame:
			return r.sample, nil
		}
	}
}
