package switchboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
)

// Want is one device of this kiosk, as kiosk.toml has it.
type Want struct {
	Class    catalogue.Class
	Protocol string    // expected; another of its class is taken too
	Port     port.Name // where it is expected
}

// Line is an open port and what answers there.
type Line struct {
	*port.Serial
	Protocol catalogue.Protocol
	release  func() // lets others look at the port
}

// Close gives the port up. It may be repeated.
func (l Line) Close() error {
	err := l.Serial.Close()
	l.release()
	return err
}

// Board finds ports. It is safe for concurrent use; Run must run.
type Board struct {
	system port.System
	wake   chan struct{}

	mu    sync.Mutex
	calls []*call
	spots map[string]*spot // by device file, as long as the port is there
}

// New returns a board on a system's ports.
func New(s port.System) *Board {
	return &Board{system: s, wake: make(chan struct{}, 1), spots: map[string]*spot{}}
}

func (b *Board) String() string { return "ports" }

// call is one device that waits for its port.
type call struct {
	Want
	answer chan Line // holds one
	why    func(error)
	told   string // the reason that was told last
	missed bool   // its own port is not there, or did not answer as this device
}

// Find waits until the device answers on some port and returns that port, open and at its setting; the caller closes it. Meanwhile why is told
// each new reason for waiting; it must not call the board. It returns ctx's error when ctx ends.
func (b *Board) Find(ctx context.Context, w Want, why func(error)) (Line, error) {
	c := &call{Want: w, answer: make(chan Line, 1), why: why}
	b.mu.Lock()
	b.calls = append(b.calls, c)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	select {
	case l := <-c.answer:
		return l, nil
	case <-ctx.Done():
		b.drop(c)
		return Line{}, ctx.Err()
	}
}

// drop withdraws a call; a port that was on its way is closed.
func (b *Board) drop(c *call) {
	b.mu.Lock()
	b.calls = slices.DeleteFunc(b.calls, func(o *call) bool { return o == c })
	b.mu.Unlock() // closing a line takes it again; nobody answers a call that is not there any more
	select {
	case l := <-c.answer:
		_ = l.Close() // nobody is left to hear of it
	default:
	}
}

// lookEvery is how soon a port that was plugged in is seen.
const lookEvery = 250 * time.Millisecond

// Run looks for what is missing until ctx ends.
func (b *Board) Run(ctx context.Context) error {
	var looking sync.WaitGroup
	defer looking.Wait()
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		for _, l := range b.due(time.Now()) {
			looking.Go(func() { b.look(ctx, l) })
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		case <-b.wake:
		}
	}
}

// tell hands a call a reason that is new.
func (c *call) tell(err error) {
	if s := err.Error(); s != c.told {
		c.told = s
		c.why(err)
	}
}

func (c *call) absent() error {
	if c.Port.Path != "" {
		return fmt.Errorf("%s: no such port: plug the device in", c.Port)
	}
	return fmt.Errorf("%s: no such device: plug it in", c.Port)
}

var errElsewhere = errors.New("another device of this kiosk answers there")
