package firmware

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/oximeter"
	"nabz/drivers/port"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/reading"
)

// peripheral is the supervised life of one device: open its port, use it until it fails, say so, close the port, find it again. Closing
// first lets a replugged USB bridge have its old name back.
type peripheral struct {
	name  string
	kind  vitals.Kind
	port  port.Name
	lines []frame.Line
	use   func(ctx context.Context, w port.Wire, up func()) error // calls up once the device has answered
	lost  func(ctx context.Context)
	state func(live.Device)
	log   *slog.Logger
}

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
		answered, err := p.once(ctx, p.lines[line%len(p.lines)])
		if ctx.Err() != nil {
			break
		}
		if answered {
			wait = firstRetry
			p.lost(ctx)
		} else if errors.Is(err, frame.ErrSilent) {
			line++ // the next setting that this make may use
		}
		p.report(answered, err)
		pause(ctx, wait)
		wait = min(2*wait, lastRetry)
	}
	return ctx.Err()
}

func (p *peripheral) once(ctx context.Context, line frame.Line) (answered bool, err error) {
	w, err := port.OpenSerial(p.port, port.Line(line))
	if err != nil {
		return false, err
	}
	defer w.Close() // the port is given up whatever happened; its error says nothing new
	err = p.use(ctx, w, func() {
		if !answered {
			answered = true
			p.state(live.Device{Name: p.name, State: "connected"})
			p.log.Info("device connected", "device", p.name, "port", w.Path(), "usb", w.Identity())
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

// peripherals makes a task for each device that this kiosk has.
func (k *Kiosk) peripherals(c *cuff) []Task {
	var all []Task
	if d := k.cfg.Oximeter; d.Present() {
		p := k.peripheral("oximeter", vitals.KindOximetry, d)
		dialect := oximeter.DialectContec
		if d.Protocol == "bci" {
			dialect = oximeter.DialectBerry
		}
		p.lines = oximeter.NewContec(nil, dialect).Lines()
		p.use = k.stream(p, d, func(w port.Wire) sampler { return oximeter.NewContec(w, dialect) })
		all = append(all, p)
	}
	if d := k.cfg.Cuff; d.Present() {
		p := k.peripheral("cuff", vitals.KindBloodPressure, d)
		p.lines = c.lines()
		p.use = c.use(k.desk, deviceRef(p.kind, d))
		all = append(all, p)
	}
	if d := k.cfg.Thermometer; d.Present() {
		p := k.peripheral("thermometer", vitals.KindTemperature, d)
		p.lines = thermometer.NewSureTemp(nil).Lines()
		p.use = k.stream(p, d, func(w port.Wire) sampler { return thermometer.NewSureTemp(w) })
		all = append(all, p)
	}
	return all
}

func (k *Kiosk) peripheral(name string, kind vitals.Kind, d config.Device) *peripheral {
	return &peripheral{
		name: name, kind: kind, port: portName(d), log: k.log, state: k.deviceState,
		lost: func(ctx context.Context) { k.desk.tell(ctx, exam.DeviceLost{Kind: kind}) },
	}
}

// deviceState puts what is known of one device on the board.
func (k *Kiosk) deviceState(d live.Device) {
	k.devices.Update(func(all []live.Device) []live.Device {
		next := make([]live.Device, 0, len(all)+1)
		for _, old := range all {
			if old.Name != d.Name {
				next = append(next, old)
			}
		}
		return append(next, d)
	})
}

// sampler is a device that streams or is polled: both look alike from here.
type sampler interface {
	Next(ctx context.Context) (vitals.Sample, error)
}

// stream uses a sampler: every sample goes to the desk and the screen.
func (k *Kiosk) stream(p *peripheral, d config.Device, open func(port.Wire) sampler) func(context.Context, port.Wire, func()) error {
	ref := deviceRef(p.kind, d)
	return func(ctx context.Context, w port.Wire, up func()) error {
		device := open(w)
		for {
			s, err := device.Next(ctx)
			if err != nil {
				return err
			}
			up()
			k.desk.arrive(s, ref)
		}
	}
}

func portName(d config.Device) port.Name {
	if d.Path != "" {
		return port.Name{Path: d.Path}
	}
	id := strings.SplitN(d.USB, ":", 3)
	u := port.USB{Vendor: strings.ToUpper(id[0]), Product: strings.ToUpper(id[1])}
	if len(id) == 3 {
		u.Serial = id[2]
	}
	return port.Name{USB: u}
}

func deviceRef(kind vitals.Kind, d config.Device) reading.DeviceRef {
	ref := reading.DeviceRef{Kind: kind, Manufacturer: d.Manufacturer, Model: d.Model}
	if d.USB != "" {
		ref.Serial = portName(d).USB.Serial
	}
	return ref
}
