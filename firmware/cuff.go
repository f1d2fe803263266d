package firmware

import (
	"context"
	"errors"
	"sync"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
)

// cuff is how the desk has blood pressure measured, whatever the device: it asks to inflate or deflate, and the device's task talks to the
// wire. An order to inflate is good for one run on the connection it was given to; it is never repeated and never kept for later.
type cuff struct {
	mu    sync.Mutex
	ready bool       // a connection waits for orders
	order chan order // holds at most one
	stop  func()     // stops the run in progress
}

// order is one inflation.
type order struct {
	vitals.Inflation
	ctx context.Context
}

func newCuff() *cuff { return &cuff{order: make(chan order, 1)} }

// inflate gives the order; false when no cuff is connected or one is running.
func (c *cuff) inflate(what vitals.Inflation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ready || c.stop != nil {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.order <- order{what, ctx} // never blocks: ready and no run means the place is free
	c.stop = cancel
	return true
}

// connected says that a connection waits for orders.
func (c *cuff) connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// deflate stops the run in progress, if any. The driver tells the cuff before it returns.
func (c *cuff) deflate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
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

// waiting returns the order that waits, if one does.
func (c *cuff) waiting() (order, bool) {
	select {
	case o := <-c.order:
		return o, true
	default:
		return order{}, false
	}
}

// cuffTask is the task of a cuff that is commanded, or of one whose patient presses start.
func (k *Kiosk) cuffTask(c *cuff, d config.Device) *peripheral {
	return k.serial(k.peripheral("cuff", vitals.KindBloodPressure), catalogue.Cuff, d, func(ctx context.Context, on connection, up func()) error {
		if p := on.Line.Protocol; p.Pushed {
			return k.await(ctx, c, p.Listen(on.wire), on, up)
		}
		return k.command(ctx, c, on.Line.Protocol.Cuff(on.wire), on, up)
	})
}

// command uses one connection of a commanded cuff.
func (k *Kiosk) command(ctx context.Context, c *cuff, device catalogue.Commanded, on connection, up func()) error {
	if err := device.Init(ctx); err != nil {
		return err
	}
	c.setReady(true) // before anybody is told that it is there
	defer c.setReady(false)
	up()
	for {
		if err := listen(ctx, device, c.order); err != nil {
			return err
		}
		k.counters.count(string(on.Line.Protocol.Class), device)
		if o, ok := c.waiting(); ok {
			if err := k.inflation(ctx, c, device, o, on); err != nil {
				return err
			}
		}
	}
}

// listenFor is how long an idle cuff is listened to before orders are looked at again: it is how a pulled plug is noticed.
const listenFor = 200 * time.Millisecond

func listen(ctx context.Context, device catalogue.Commanded, orders <-chan order) error {
	if len(orders) > 0 {
		return nil
	}
	_, err := briefly(ctx, device) // what an idle cuff says is of no run of ours
	if errors.Is(err, frame.ErrSilent) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

func (k *Kiosk) inflation(ctx context.Context, c *cuff, device catalogue.Commanded, o order, on connection) error {
	measuring, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.ctx, cancel)()
	ref := on.ref(vitals.KindBloodPressure, device)
	s, err := device.Measure(measuring, o.Inflation, func(p vitals.MmHg) {
		k.desk.arrive(vitals.Sample{Kind: vitals.KindCuffPressure, Cuff: vitals.Some(p)}, ref)
	})
	stopped := o.ctx.Err() != nil
	defer c.ended() // after the desk has heard of this run: else it could take the word for one on the next
	if err != nil && stopped {
		k.desk.tell(ctx, exam.CuffFailed{})
		return nil // the desk wanted it so, and the wire is sound
	}
	if err != nil {
		return err // the visit hears that the device is lost
	}
	k.desk.tell(ctx, exam.Arrived{Sample: s, Device: ref})
	return nil
}

// await uses one connection of a cuff whose patient presses start: an order is no more than leave to do so, and a result without one is of no
// visit.
func (k *Kiosk) await(ctx context.Context, c *cuff, device catalogue.Listener, on connection, up func()) error {
	c.setReady(true)
	defer c.setReady(false)
	up() // it is silent until somebody measures
	for run := (*order)(nil); ; {
		s, err := briefly(ctx, device)
		k.counters.count(string(on.Line.Protocol.Class), device)
		switch {
		case err == nil && run != nil:
			k.desk.tell(ctx, exam.Arrived{Sample: s, Device: on.ref(vitals.KindBloodPressure, device)})
			c.ended()
			run = nil
		case err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)):
			return err
		}
		if o, ok := c.waiting(); ok {
			run = &o
		}
		if run != nil && run.ctx.Err() != nil {
			k.desk.tell(ctx, exam.CuffFailed{}) // before another run may begin: the desk would take it for the end of that
			c.ended()
			run = nil
		}
	}
}

// briefly waits for a sample for no longer than orders may wait.
func briefly(ctx context.Context, device catalogue.Sampler) (vitals.Sample, error) {
	short, cancel := context.WithTimeout(ctx, listenFor)
	defer cancel()
	return device.Next(short)
}
