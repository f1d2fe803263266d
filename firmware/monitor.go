package firmware

import (
	"context"
	"errors"

	"nabz/drivers/catalogue"
	"nabz/drivers/monitor"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
)

// monitor is the task of a board that is several devices on one wire.
func (k *Kiosk) monitor(c *cuff, d config.Device) *peripheral {
	p := protocol(d)
	kinds := []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry}
	use := func(ctx context.Context, w port.Wire, up func()) error {
		ref := deviceRef(vitals.KindOximetry, d, nil)
		return k.command(ctx, c, monitor.NewUN300C(w, func(s vitals.Sample) { k.desk.arrive(s, ref) }), d, up)
	}
	if d.Protocol == "pm6750" {
		kinds = append(kinds, vitals.KindTemperature)
		use = func(ctx context.Context, w port.Wire, up func()) error {
			return k.board(ctx, c, monitor.NewPM6750(w), d, up)
		}
	}
	return k.peripheral("monitor", len(p.Lines), k.serial(d, p.Lines, use), kinds...)
}

var _ catalogue.Commanded = (*monitor.UN300C)(nil)

// board uses one connection of a PM6750. Whatever ends it, the cuff is told to stop.
func (k *Kiosk) board(ctx context.Context, c *cuff, b *monitor.PM6750, d config.Device, up func()) (err error) {
	if err := b.Init(ctx); err != nil {
		return err
	}
	defer c.setReady(false)
	defer func() { err = errors.Join(err, b.Stop()) }()
	var run *order
	for first := true; ; {
		s, err := briefly(ctx, b)
		switch {
		case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded): // nothing came; look at the orders
		case err != nil:
			return err
		default:
			if first {
				first = false
				up()
				c.setReady(true)
			}
			if k.handOn(ctx, s, d, b) {
				run = nil
				c.ended()
			}
		}
		if run, err = k.obey(ctx, c, b, run); err != nil {
			return err
		}
	}
}

// handOn gives a sample to the desk and says whether it ends a run.
func (k *Kiosk) handOn(ctx context.Context, s vitals.Sample, d config.Device, b *monitor.PM6750) bool {
	ref := deviceRef(s.Kind, d, b)
	if s.Kind == vitals.KindTemperature {
		s.Temperature.Site = d.Site
	}
	if s.Kind != vitals.KindBloodPressure {
		k.desk.arrive(s, ref)
		return false
	}
	k.desk.tell(ctx, exam.Arrived{Sample: s, Device: ref})
	return true
}

// obey starts what was ordered and stops what is not wanted any more.
func (k *Kiosk) obey(ctx context.Context, c *cuff, b *monitor.PM6750, run *order) (*order, error) {
	if run != nil && run.ctx.Err() != nil {
		c.ended()
		k.desk.tell(ctx, exam.CuffFailed{})
		return nil, b.Stop()
	}
	o, ok := c.waiting()
	if !ok || run != nil {
		return run, nil
	}
	if err := b.Start(ctx, o.start); err != nil {
		c.ended()
		k.desk.tell(ctx, exam.CuffFailed{})
		return nil, err
	}
	return &o, nil
}
