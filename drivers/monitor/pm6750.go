package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
)

// PM6750 reads and commands a Berry PM6750 board. One goroutine uses it: it calls Next again and again, and Start and Stop between two calls.
// Whoever leaves a board calls Stop before closing its port.
type PM6750 struct {
	port     frame.Port
	reader   *frame.Reader
	state    byte      // of the cuff, as reported last
	tested   bool      // the cuff was seen measuring since it last ended
	started  time.Time // when the run in progress was ordered; zero without one
	who      byte      // whom the run in progress measures: adult or child
	identity vitals.Identity
}

// NewPM6750 returns a driver on an open port. Call Init before anything else.
func NewPM6750(p frame.Port) *PM6750 {
	return &PM6750{
		port: p, reader: frame.NewReader(p, split, longest), state: stateUnknown, identity: vitals.Identity{Manufacturer: "Berry", Model: "PM6750"},
	}
}

// Lines are the settings to try.
func (b *PM6750) Lines() []frame.Line { return []frame.Line{{Baud: 115200, Parity: 'N', StopBits: 1}} }

// Tally returns what was counted so far.
func (b *PM6750) Tally() frame.Tally { return b.reader.Tally() }

// Question is what may be sent to a device that is not known: a PM6750 answers with its version.
func (*PM6750) Question() []byte { return command{askSoftware, 0}.bytes() }

// Identity has the board's firmware once it has told it.
func (b *PM6750) Identity() vitals.Identity { return b.identity }

// Times of the protocol.
const (
	betweenCommands = 50 * time.Millisecond
	abortTime       = 2 * time.Second
	runTime         = 90 * time.Second // a run without its end is stopped
	silentTime      = 10 * time.Second
)

// Init stops what may be running, asks for the version, and switches oximetry and temperature on. It never inflates.
func (b *PM6750) Init(ctx context.Context) error {
	if err := b.Stop(); err != nil {
		return err
	}
	return b.send(ctx, []command{{askSoftware, 0}, {setSpO2, 1}, {setTemperature, 1}})
}

// Start orders one measurement, with a first inflation of 40 to 300 mmHg for an adult and of 40 to 210 for a child, 0 for the board's own. The command that inflates is
// sent once. Its result comes from Next: a blood-pressure sample with either numbers and no flags, or flags, the board's state as Status, and
// no numbers.
func (b *PM6750) Start(ctx context.Context, order vitals.Inflation) error {
	if !b.started.IsZero() {
		return errors.New("monitor: a measurement goes on: wait for its end")
	}
	who, highest := byte(adult), vitals.MmHg(300)
	if order.Small() {
		who, highest = child, 210
	}
	before := []command{{setPatient, who}}
	if first := order.First; first != 0 {
		if first < 40 || first > highest {
			return fmt.Errorf("monitor: a first inflation of %s is not possible: use 40 to %s", first, highest)
		}
		before = append(before, command{setTarget, byte(first / 2)})
	}
	if err := b.send(ctx, before); err != nil {
		return err
	}
	b.started, b.tested, b.who = time.Now(), false, who
	if err := b.send(ctx, []command{{setCuff, 1}}); err != nil {
		return errors.Join(err, b.Stop())
	}
	return nil
}

// Stop empties the cuff, whatever goes on. It gives up after two seconds.
func (b *PM6750) Stop() error {
	b.started, b.tested = time.Time{}, false
	return frame.Write(b.port, "monitor", command{setCuff, 0}.bytes(), abortTime)
}

// send sends commands, each a little after the one before.
func (b *PM6750) send(ctx context.Context, all []command) error {
	for _, c := range all {
		t := time.NewTimer(betweenCommands)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		if err := frame.Write(b.port, "monitor", c.bytes(), abortTime); err != nil {
			return err
		}
	}
	return nil
}

// Next returns the next sample: oximetry and temperature about once a second, the pressure in the cuff while it measures, and the result of
// a measurement when it ends. A run that does not end within ninety seconds is stopped and ends as a sample that says so. It returns
// frame.ErrSilent after ten seconds without a frame, ctx's error when ctx ends, and the port's own error when it fails (io.EOF at the end of a
// playback); a run in progress goes on then, unless the port failed.
func (b *PM6750) Next(ctx context.Context) (vitals.Sample, error) {
	for {
		if !b.started.IsZero() && time.Since(b.started) > runTime {
			return failed(vitals.TimedOut|vitals.Aborted, "host"), b.Stop()
		}
		f, err := b.reader.Next(ctx, silentTime)
		switch {
		case errors.Is(err, frame.ErrSilent):
			return vitals.Sample{}, errors.Join(fmt.Errorf("monitor: %w for %s: check its cable and power", err, silentTime), b.abandon())
		case err != nil && ctx.Err() == nil:
			return vitals.Sample{}, errors.Join(err, b.abandon())
		case err != nil:
			return vitals.Sample{}, err
		case !checked(f):
			b.reader.Reject()
			continue
		}
		ran := !b.started.IsZero()
		if s, ok := b.take(f[3], f[4:len(f)-1]); ok {
			if ran && b.started.IsZero() {
				_ = b.Stop() // as the manual asks; the run is over, and a wire that fails now says so at the next read
			}
			return s, nil
		}
	}
}

// abandon stops a run whose board cannot be heard any more.
func (b *PM6750) abandon() error {
	if b.started.IsZero() {
		return nil
	}
	return b.Stop()
}

func (b *PM6750) take(kind byte, data []byte) (vitals.Sample, bool) {
	switch {
	case kind == reportCuff && len(data) == 5:
		return b.cuff(data)
	case kind == reportSpO2 && len(data) == 3:
		return oximetry(data), true
	case kind == reportTemperature && (len(data) == 5 || len(data) == 3):
		return temperature(data), true
	case kind == askSoftware:
		b.identity.Firmware = printable(data)
	}
	return vitals.Sample{}, false
}

// cuff follows the cuff's states. Numbers count only at the end of a run that was seen going on, and an end is told once: the board repeats
// its last result as long as it is asked for nothing else.
func (b *PM6750) cuff(data []byte) (vitals.Sample, bool) {
	state := data[0] >> 2 & 0x0F
	changed := state != b.state
	b.state = state
	switch state {
	case stateTesting, stateStarting, stateReady:
		b.tested = b.tested || state == stateTesting
		return vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(vitals.MmHg(data[1]) * 2)}, state == stateTesting
	case stateFinished:
		if !b.tested {
			return vitals.Sample{}, false
		}
	default:
		if !changed {
			return vitals.Sample{}, false
		}
	}
	b.started, b.tested = time.Time{}, false
	return ended(state, cmp.Or(b.who, adult), data), true
}
