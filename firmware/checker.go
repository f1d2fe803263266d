package firmware

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"nabz/firmware/live"
	"nabz/firmware/pulse"
	"nabz/firmware/screen"
)

// checker has the bench's quick check run beside the kiosk's work: at its start, from the screen, and when kioskctl asks. One runs at a time.
type checker struct {
	*Kiosk
	run  Check
	asks chan chan<- checked
	last live.Board[screen.Bench]
}

// Check runs the quick check of a running kiosk: it returns what is said of it in JSON, and each check by name with whether it is good; asked says that a
// person wants it, and not the start of the kiosk.
type Check func(ctx context.Context, asked bool) (report json.RawMessage, good map[string]bool, err error)

type checked struct {
	report json.RawMessage
	err    error
}

// CheckWith gives a kiosk that does not run yet its quick check.
func (k *Kiosk) CheckWith(c Check) {
	k.checker = &checker{Kiosk: k, run: c, asks: make(chan chan<- checked)}
	k.tasks = append(k.tasks, k.checker)
}

// firstCheck is when a kiosk that has begun is checked: its devices are found by then, and its link is up.
const firstCheck = 30 * time.Second

func (c *checker) String() string { return "check" }

// Run checks until ctx ends. What is found is no kiosk's end.
func (c *checker) Run(ctx context.Context) error {
	first := time.NewTimer(firstCheck)
	defer first.Stop()
	for {
		var answer chan<- checked
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-first.C:
		case answer = <-c.asks:
		}
		before, _ := c.last.Get()
		c.last.Set(screen.Bench{Running: true, Good: before.Good})
		report, good, err := c.run(pulse.Without(ctx), answer != nil)
		c.last.Set(screen.Bench{Good: good})
		if err != nil && ctx.Err() == nil {
			c.log.Warn("the quick check", "why", err)
		}
		if answer != nil {
			answer <- checked{report, err} // it has room
		}
	}
}

// errNoCheck is a kiosk that was given none.
var errNoCheck = errors.New("this kiosk has no quick check")

// Check implements screen.Backend.
func (b backend) Check(ctx context.Context) (json.RawMessage, error) {
	c := b.k.checker
	if c == nil {
		return nil, errNoCheck
	}
	answer := make(chan checked, 1)
	select {
	case c.asks <- answer:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case r := <-answer:
		return r.report, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k *Kiosk) bench() screen.Bench {
	if k.checker == nil {
		return screen.Bench{}
	}
	s, _ := k.checker.last.Get()
	return s
}
