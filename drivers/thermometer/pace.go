package thermometer

import (
	"context"
	"time"

	"periph.io/x/conn/v3/i2c"
)

// pace spaces the readings of a chip and is its driver's clock. Over a Transcript it does not wait: its clock then goes by what would have
// been waited, so that a replay decides as the recording did.
type pace struct {
	replay bool
	played time.Duration // the clock of a replay
	start  time.Time
	due    time.Duration // of the next reading
	timer  *time.Timer
}

func newPace(bus i2c.Bus) pace {
	_, replay := bus.(*Transcript)
	return pace{replay: replay}
}

// now is the time since the first reading.
func (p *pace) now() time.Duration {
	if p.replay {
		return p.played
	}
	if p.start.IsZero() {
		p.start = time.Now()
	}
	return time.Since(p.start)
}

// next waits until a reading is due and says when it is.
func (p *pace) next(ctx context.Context, period time.Duration) (time.Duration, error) {
	if err := p.wait(ctx, p.due-p.now()); err != nil {
		return 0, err
	}
	at := p.now()
	p.due = at + period
	return at, nil
}

// wait returns after d, or with ctx's error when ctx ends first.
func (p *pace) wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	if p.replay {
		p.played += d
		return nil
	}
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		p.timer.Stop()
		return ctx.Err()
	}
}
