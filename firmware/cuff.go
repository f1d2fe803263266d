package firmware

import (
	"context"
	"errors"
	"sync"
	"time"

	"nabz/drivers/bpcuff"
	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

// cuff is the commanded device: the desk asks it to inflate or deflate, its task talks to the wire. An order to inflate is good for one
// run on the connection it was given to; it is never repeated and never kept for later.
type cuff struct {
	opts bpcuff.PAROpts

	mu    sync.Mutex
	ready bool       // a connection waits for orders
	order chan order // holds at most one
	stop  func()     // stops the run in progress
}

// order is one inflation.
type order struct {
	ctx   context.Context
	start vitals.MmHg
}

func newCuff(d config.Device) *cuff {
	return &cuff{opts: bpcuff.PAROpts{Combined: d.Protocol == "par-combined"}, order: make(chan order, 1)}
}

func (c *cuff) lines() []frame.Line { return bpcuff.NewPAR(nil, c.opts).Lines() }

// inflate gives the order; false when no cuff is connected or one is running.
func (c *cuff) inflate(start vitals.MmHg) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ready || c.stop != nil {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.order <- order{ctx, start} // never blocks: ready and no run means the place is free
	c.stop = cancel
	return true
}

// deflate stops the run in progress, if any. The driver tells the cuff before it returns.
func (c *cuff) deflate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
}

// use runs one connection.
func (c *cuff) use(d *desk, ref reading.DeviceRef) func(context.Context, port.Wire, func()) error {
	return func(ctx context.Context, w port.Wire, up func()) error {
		par := bpcuff.NewPAR(w, c.opts)
		if err := par.Init(ctx); err != nil {
			return err
		}
		up()
		c.setReady(true)
		defer c.setReady(false)
		for {
			if err := listen(ctx, par, c.order); err != nil {
				return err
			}
			select {
			case o := <-c.order:
				if err := c.run(ctx, par, o, d, ref); err != nil {
					return err
				}
			default:
			}
		}
	}
}

// listenFor is how long the idle cuff is listened to before orders are looked at again: it is how a pulled plug is noticed.
const listenFor = 200 * time.Millisecond

func listen(ctx context.Context, par *bpcuff.PAR, orders <-chan order) error {
	if len(orders) > 0 {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, listenFor)
	defer cancel()
	_, err := par.Next(short) // what an idle cuff says is of no run of ours
	if err == nil || errors.Is(err, frame.ErrSilent) || (short.Err() != nil && ctx.Err() == nil) {
		return nil
	}
	return err
}

func (c *cuff) run(ctx context.Context, par *bpcuff.PAR, o order, d *desk, ref reading.DeviceRef) error {
	measuring, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.ctx, cancel)()
	s, err := par.Measure(measuring, o.start, func(p vitals.MmHg) {
		d.arrive(vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(p)}, ref)
	})
	stopped := o.ctx.Err() != nil
	c.ended()
	if err != nil {
		d.tell(ctx, exam.CuffFailed{})
		if stopped {
			return nil // the desk wanted it so, and the wire is sound
		}
		return err
	}
	d.tell(ctx, exam.Arrived{Sample: s, Device: ref})
	return nil
}

func (c *cuff) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}

// setReady opens or closes the door for orders; an order that nobody took is withdrawn.
func (c *cuff) setReady(ready bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = ready
	select {
	case <-c.order:
	default:
	}
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}
