package firmware

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/pulse"
	"nabz/firmware/switchboard"
)

// peripheral is the supervised life of one device: find its port, use it until it fails, say so, close the port, find it again. Closing
// first lets a replugged USB bridge have its old name back.
type peripheral struct {
	name  string
	kinds []vitals.Kind
	link  link
	lost  func(context.Context, vitals.Kind)
	back  func(context.Context, vitals.Kind)
	state func(live.Device)
	log   *slog.Logger
}

// link is one connection, from finding the device to closing it. It calls up once the device has answered.
type link func(ctx context.Context, up func(live.Device)) error

// Back-off between attempts to reach a device.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 2 * time.Second
)

func (p *peripheral) String() string { return p.name }

// Run keeps the device in use until ctx ends. It never fails: a device that is not there is not the kiosk's end.
func (p *peripheral) Run(ctx context.Context) error {
	wait := firstRetry
	for ctx.Err() == nil {
		pulse.Rest(ctx) // its driver and the switchboard have limits of their own
		answered, err := p.once(ctx)
		if pulse.Beat(ctx); ctx.Err() != nil {
			break
		}
		if answered {
			wait = firstRetry
			for _, k := range p.kinds {
				p.lost(ctx, k)
			}
		}
		p.report(answered, err)
		pause(ctx, wait)
		wait = min(2*wait, lastRetry)
	}
	return ctx.Err()
}

func (p *peripheral) once(ctx context.Context) (answered bool, err error) {
	err = p.link(ctx, func(d live.Device) {
		if !answered {
			answered = true
			d.Name, d.State = p.name, "connected"
			p.state(d)
			for _, k := range p.kinds {
				p.back(ctx, k)
			}
			p.log.Info("device connected", "device", d.Name, "port", d.Port, "protocol", d.Protocol)
		}
	})
	return answered, err
}

func (p *peripheral) report(answered bool, err error) {
	p.missing(err)
	if answered {
		p.log.Warn("device lost", "device", p.name, "why", err)
	}
}

func (p *peripheral) missing(why error) {
	p.state(live.Device{Name: p.name, State: "missing", Why: why.Error()})
}

// pause waits and says true, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	pulse.Rest(ctx)
	defer pulse.Beat(ctx)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (k *Kiosk) peripheral(name string, kinds ...vitals.Kind) *peripheral {
	k.deviceState(live.Device{Name: name, State: "starting"}) // a check that leaves it out would look complete
	return &peripheral{
		name: name, kinds: kinds, log: k.log, state: k.deviceState,
		back: func(ctx context.Context, kind vitals.Kind) { k.desk.tell(ctx, exam.DeviceBack{Kind: kind}) },
		lost: func(ctx context.Context, kind vitals.Kind) {
			k.numbers.Update(func(n live.Numbers) live.Numbers { return n.Without(kind) })
			k.desk.tell(ctx, exam.DeviceLost{Kind: kind})
		},
	}
}

// connection is a device on a serial line that has been found: what kiosk.toml says of it, as far as that is still true.
type connection struct {
	config.Device
	switchboard.Line
	wire port.Wire // the line, recorded
}

// serial gives p a link to a device on a serial line, wherever it is and whichever of its class it is.
func (k *Kiosk) serial(p *peripheral, class catalogue.Class, d config.Device, use func(context.Context, connection, func()) error) *peripheral {
	w := switchboard.Want{Class: class, Protocol: d.Protocol, Port: portName(d)}
	p.link = func(ctx context.Context, up func(live.Device)) error {
		l, err := k.board.Find(ctx, w, p.missing)
		if err != nil {
			return err
		}
		defer l.Close() // the port is given up whatever happened; its error says nothing new
		about := fmt.Sprintf("%s, %s", l.Protocol.Name, l.Path())
		c := connection{d, l, port.Record(l, k.tapes.begin(about, p.kinds))}
		if l.Protocol.Name != d.Protocol {
			c.Device = config.Device{Protocol: l.Protocol.Name, Site: d.Site} // another make: nobody wrote down whose
		}
		return use(ctx, c, func() { up(live.Device{Port: l.Path(), Protocol: l.Protocol.Name}) })
	}
	return p
}

// bus gives p a link to a chip on an I2C bus.
func (k *Kiosk) bus(p *peripheral, d config.Device, use func(context.Context, i2c.Bus, func()) error) *peripheral {
	p.link = func(ctx context.Context, up func(live.Device)) error {
		b, err := k.ports.OpenI2C(d.Path)
		if err != nil {
			return err
		}
		defer b.Close() // as above
		about := fmt.Sprintf("%s, %s, --i2c", d.Protocol, d.Path)
		recorded := thermometer.NewRecorder(b, k.tapes.begin(about, p.kinds))
		return use(ctx, recorded, func() { up(live.Device{Port: d.Path, Protocol: d.Protocol}) })
	}
	return p
}
