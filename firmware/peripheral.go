package firmware

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/live"
)

// peripheral is the supervised life of one device: open its port, use it until it fails, say so, close the port, find it again. Closing
// first lets a replugged USB bridge have its old name back.
type peripheral struct {
	name  string
	kinds []vitals.Kind
	lines int // how many settings there are to try
	link  link
	lost  func(context.Context, vitals.Kind)
	state func(live.Device)
	log   *slog.Logger
}

// link is one connection, from opening the port to closing it. It calls up once the device has answered, with what a log line says of it.
type link func(ctx context.Context, line int, up func(where ...any)) error

// Back-off between attempts to reach a device.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 2 * time.Second
)

func (p *peripheral) String() string { return p.name }

// Run keeps the device in use until ctx ends. It never fails: a device that is not there is not the kiosk's end.
func (p *peripheral) Run(ctx context.Context) error {
	wait := firstRetry
	for line := 0; ctx.Err() == nil; {
		answered, err := p.once(ctx, line%p.lines)
		if ctx.Err() != nil {
			break
		}
		if answered {
			wait = firstRetry
			for _, k := range p.kinds {
				p.lost(ctx, k)
			}
		} else if errors.Is(err, frame.ErrSilent) {
			line++ // the next setting that this make may use
		}
		p.report(answered, err)
		pause(ctx, wait)
		wait = min(2*wait, lastRetry)
	}
	return ctx.Err()
}

func (p *peripheral) once(ctx context.Context, line int) (answered bool, err error) {
	err = p.link(ctx, line, func(where ...any) {
		if !answered {
			answered = true
			p.state(live.Device{Name: p.name, State: "connected"})
			p.log.Info("device connected", append([]any{"device", p.name}, where...)...)
		}
	})
	return answered, err
}

func (p *peripheral) report(answered bool, err error) {
	p.state(live.Device{Name: p.name, State: "missing", Why: err.Error()})
	if answered {
		p.log.Warn("device lost", "device", p.name, "why", err)
	}
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (k *Kiosk) peripheral(name string, lines int, l link, kinds ...vitals.Kind) *peripheral {
	return &peripheral{
		name: name, kinds: kinds, lines: lines, link: l, log: k.log, state: k.deviceState,
		lost: func(ctx context.Context, kind vitals.Kind) { k.desk.tell(ctx, exam.DeviceLost{Kind: kind}) },
	}
}

// serial links to a device on a serial line.
func (k *Kiosk) serial(d config.Device, lines []frame.Line, use func(context.Context, port.Wire, func()) error) link {
	return func(ctx context.Context, line int, up func(...any)) error {
		w, err := port.OpenSerial(portName(d), port.Line(lines[line]))
		if err != nil {
			return err
		}
		defer w.Close() // the port is given up whatever happened; its error says nothing new
		return use(ctx, w, func() { up("port", w.Path(), "usb", w.Identity()) })
	}
}

// bus links to a chip on an I2C bus.
func (k *Kiosk) bus(d config.Device, use func(context.Context, i2c.Bus, func()) error) link {
	return func(ctx context.Context, _ int, up func(...any)) error {
		b, err := port.OpenI2C(d.Path)
		if err != nil {
			return err
		}
		defer b.Close() // as above
		return use(ctx, b, func() { up("bus", d.Path) })
	}
}
