package board

import (
	"context"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Input is a line that tells its level, or why nobody knows it: gpio.PinIn alone calls a line that is gone low.
type Input interface {
	gpio.PinIn
	Level() (gpio.Level, error)
}

// Line is what is believed of an input.
type Line struct {
	Active bool      // it has the level at which it means what it is called
	Since  time.Time // when that was first seen
	Dead   bool      // it does not answer: what it said last is no news
}

// deadAfter is how long a line may fail to answer.
const deadAfter = time.Second

// Debounce makes a Line of what is seen of an input.
type Debounce struct {
	For time.Duration // a level is believed once it was seen for so long; 20 to 50 ms for buttons, 200 to 500 ms for mains

	line   Line
	known  bool
	other  bool      // the level that is not believed yet was seen last,
	from   time.Time // since then
	failed time.Time // since then it does not answer; zero when it does
}

// See takes one sighting at the time now, which must not go back: whether the level is the active one, or why it is not known. The first level is
// believed at once.
func (d *Debounce) See(active bool, err error, now time.Time) Line {
	if err != nil {
		if d.failed.IsZero() {
			d.failed = now
		}
		d.line.Dead = d.line.Dead || !d.known || now.Sub(d.failed) >= deadAfter
		d.other = false
		return d.line
	}
	d.failed, d.line.Dead = time.Time{}, false
	switch {
	case !d.known:
		d.known, d.line.Active, d.line.Since = true, active, now
	case active == d.line.Active:
		d.other = false
	case !d.other:
		d.other, d.from = true, now
	}
	if d.other && now.Sub(d.from) >= d.For {
		d.line.Active, d.line.Since, d.other = active, d.from, false
	}
	return d.line
}

// Watch looks at an input until ctx ends: at every edge, and at least every so often whatever edges come, since an edge can be lost. Each look is
// told. active is the level that counts.
func Watch(ctx context.Context, in Input, active gpio.Level, d Debounce, every time.Duration, tell func(Line)) error {
	defer context.AfterFunc(ctx, func() { _ = in.Halt() })() // an error of it would only mean that the wait lasts until its time is up
	for ctx.Err() == nil {
		level, err := in.Level()
		tell(d.See(level == active, err, time.Now()))
		wait := every
		if d.other {
			wait = min(every, d.For)
		}
		in.WaitForEdge(wait)
	}
	return ctx.Err()
}
