package firmware

import (
	"context"
	"errors"

	"nabz/drivers/catalogue"
	"nabz/drivers/monitor"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
)

// monitor is the task of a board that is several devices on one wire.
func (k *Kiosk) monitor(c *cuff, d config.Device) *peripheral {
	kinds := []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry}
	if !k.cfg.Thermometer.Present() {
		kinds = append(kinds, vitals.KindTemperature)
	}
	return k.serial(k.peripheral("monitor", kinds...), catalogue.Monitor, d, func(ctx context.Context, on connection, up func()) error {
		if on.Line.Protocol.Name == "pm6750" {
			return k.board6750(ctx, c, monitor.NewPM6750(on.wire), on, up)
		}
		ref := on.ref(vitals.KindOximetry, nil)
		return k.command(ctx, c, monitor.NewUN300C(on.wire, func(s vitals.Sample) { k.desk.arrive(s, ref) }), on, up)
	})
}

var _ catalogue.Commanded = (*monitor.UN300C)(nil)

// board6750 uses one connection of a PM6750. Whatever ends it, the cuff is told to stop.
func (k *Kiosk) board6750(ctx context.Context, c *cuff, b *monitor.PM6750, on connection, up func()) (err error) {
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
				c.setReady(true)
				up()
			}
			k.counters.count("monitor", b)
			if k.handOn(ctx, s, on, b) {
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
func (k *Kiosk) handOn(ctx context.Context, s vitals.Sample, on connection, b *monitor.PM6750) bool {
	ref := on.ref(s.Kind, b)
	if s.Kind == vitals.KindTemperature {
		s.Temperature.Site = on.Site
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
		err := b.Stop()
		k.desk.tell(ctx, exam.CuffFailed{})
		c.ended()
		return nil, err
	}
	o, ok := c.waiting()
	if !ok || run != nil {
		return run, nil
	}
	if err := b.Start(ctx, o.Inflation); err != nil {
		k.desk.tell(ctx, exam.CuffFailed{})
		c.ended()
		return nil, err
	}
	return &o, nil
}
