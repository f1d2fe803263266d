package hwtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/live"
)

// usualListen is how long a device's line is counted.
const usualListen = 5 * time.Second

// What a clean line has at most: one frame of a hundred damaged; and of bytes that belong to none, some at its start and one for each good frame.
const (
	worstDamaged = 100
	startSkipped = 64
)

// devices are the tables of kiosk.toml, in the order of a visit.
func (b Bench) devices() (all []Check) {
	for _, d := range b.tables() {
		all = append(all, Check{
			Name: d.table, Description: "The " + d.table + " answers, and its line is clean.", Beside: true,
			Run: func(ctx context.Context) Result { return b.device(ctx, d) },
		})
	}
	return all
}

// table is a device with its name in kiosk.toml.
type table struct {
	table string
	config.Device
}

func (b Bench) tables() (all []table) {
	c := b.Config
	for _, t := range []table{{"cuff", c.Cuff}, {"oximeter", c.Oximeter}, {"thermometer", c.Thermometer}, {"monitor", c.Monitor}} {
		if t.Present() {
			all = append(all, t)
		}
	}
	return all
}

func (b Bench) device(ctx context.Context, t table) Result {
	var r Result
	d := &Device{Manufacturer: t.Manufacturer, Model: t.Model, Protocol: t.Protocol, Port: cmp.Or(t.Path, t.USB), Due: t.Due}
	_, chip := catalogue.FindChip(t.Protocol)
	switch {
	case b.Kiosk != nil:
		r = b.runningDevice(ctx, t, d)
	case chip:
		r = b.chip(ctx, t)
	default:
		r = b.serial(ctx, t, d)
	}
	if r.Verdict == Pass && overdue(t.Due, time.Now()) {
		r.Verdict, r.Why, r.Do = Fail, "its calibration was due on "+t.Due, "have it calibrated, and write the next date into kiosk.toml as calibration_due"
	}
	return r.of(d)
}

// overdue says whether a date is over; no date never is.
func overdue(due string, now time.Time) bool {
	t, err := time.Parse(time.DateOnly, due)
	return err == nil && now.After(t.AddDate(0, 0, 1))
}

// serial opens a port and counts what comes.
func (b Bench) serial(ctx context.Context, t table, d *Device) Result {
	p, ok := catalogue.Find(t.Protocol)
	if !ok {
		return failed("kiosk.toml names the protocol "+t.Protocol+", which there is none of", "kiosk config check")
	}
	w, err := b.Ports.Open(nameOf(t.Device), port.Line(p.Lines[0]))
	if err != nil {
		return failed(err.Error(), "plug the "+t.table+" in, and look at its cable")
	}
	defer w.Close() // nothing is left to write
	d.Port = w.Path()
	if p.Pushed {
		return passed(number("listens", "yes", "", "it is silent until somebody measures"))
	}
	if _, err := detect.Listen(ctx, w, p.Name, []catalogue.Protocol{p}); err != nil {
		return unheard(t, err)
	}
	return b.count(ctx, t, p, w, d)
}

func unheard(t table, err error) Result {
	switch {
	case errors.Is(err, detect.ErrSilent), errors.Is(err, frame.ErrSilent):
		return failed("nothing comes over its line", "switch the "+t.table+" on, and look at its cable")
	case errors.Is(err, detect.ErrUnknown):
		return failed("what comes over its line is not of a "+t.Protocol, "look at its cable and its shield; kioskctl detect says what it is")
	}
	return failed(err.Error(), "plug the "+t.table+" in again")
}

func (b Bench) count(ctx context.Context, t table, p catalogue.Protocol, w port.Wire, d *Device) Result {
	if p.Cuff != nil {
		return b.asked(ctx, t, p, w, d)
	}
	device := p.Listen(w)
	short, cancel := context.WithTimeout(ctx, b.listenFor())
	defer cancel()
	begun := time.Now()
	for {
		s, err := device.Next(short)
		if short.Err() != nil {
			break
		}
		if err != nil {
			return unheard(t, err)
		}
		if s.Flags.Has(vitals.Hardware) {
			return failed("it says that its hardware is at fault: "+s.Status, "replace the "+t.table)
		}
	}
	tell(d, device)
	return clean(t, device.Tally(), time.Since(begun), true)
}

// How a cuff is asked, which says nothing by itself: so often, and not sooner than its manual wants.
const (
	questions = 4
	askEvery  = time.Second
)

// asked counts what a cuff answers to a question that moves nothing.
func (b Bench) asked(ctx context.Context, t table, p catalogue.Protocol, w port.Wire, d *Device) Result {
	cuff, begun := p.Cuff(w), time.Now()
	if err := cuff.Init(ctx); err != nil {
		return failed(err.Error(), "switch the cuff off and on, and look at its cable")
	}
	answers := 0
	for i := 0; i < questions && p.Ask != nil && ctx.Err() == nil; i++ {
		wait(ctx, askEvery)
		if err := frame.Write(w, t.table, p.Ask, askEvery); err != nil {
			return failed(err.Error(), "plug the cuff in again")
		}
		short, cancel := context.WithTimeout(ctx, askEvery)
		s, err := cuff.Next(short)
		cancel()
		if err == nil && s.Flags.Has(vitals.Hardware) {
			return failed("it says that its hardware is at fault: "+s.Status, "replace the module")
		}
		if err == nil {
			answers++
		}
	}
	tell(d, cuff)
	r := clean(t, cuff.Tally(), time.Since(begun), true)
	r.Values = append(r.Values, number("questions answered", answers, "", fmt.Sprint(questions)))
	if r.Verdict == Pass && p.Ask != nil && answers < questions {
		return failed("it does not answer every question", "look at its cable, its plug and its shield; keep it away from the supply", r.Values...)
	}
	return r
}

// tell adds what a device says of itself.
func tell(d *Device, driver any) {
	i, ok := driver.(interface{ Identity() vitals.Identity })
	if !ok {
		return
	}
	told := i.Identity()
	d.Manufacturer, d.Model = cmp.Or(d.Manufacturer, told.Manufacturer), cmp.Or(d.Model, told.Model)
	d.Serial, d.Firmware = told.Serial, told.Firmware
}

// clean judges what came over a line. streams says that the device sends unasked, so that there must be frames.
func clean(t table, c frame.Tally, over time.Duration, streams bool) Result {
	values := []Value{
		number("frames a second", float64(c.Frames)/over.Seconds(), "1/s", map[bool]string{true: "above 0"}[streams]),
		number("damaged frames", c.BadChecksum, "", fmt.Sprintf("at most %d", c.Frames/worstDamaged)),
		number("bytes of no frame", c.Skipped, "", fmt.Sprintf("at most %d", startSkipped+c.Frames)),
	}
	switch {
	case streams && c.Frames == 0:
		return failed("nothing comes over its line", "switch the "+t.table+" on, and look at its cable", values...)
	case c.BadChecksum > c.Frames/worstDamaged || c.Skipped > startSkipped+c.Frames:
		return failed("much of what comes over its line is damaged", "look at its cable, its plug and its shield; keep it away from the supply", values...)
	}
	return passed(values...)
}

// chip asks a thermometer on an I2C bus.
func (b Bench) chip(ctx context.Context, t table) Result {
	c, _ := catalogue.FindChip(t.Protocol)
	bus, err := b.Ports.OpenI2C(t.Path)
	if err != nil {
		return failed(err.Error(), "look at the bus: dtparam=i2c_arm=on")
	}
	defer bus.Close() // as above
	device := c.New(bus, catalogue.ChipOpts{Address: uint16(t.Address), Site: t.Site, Supply: t.SupplyMV})
	short, cancel := context.WithTimeout(ctx, b.listenFor())
	defer cancel()
	good, begun := 0, time.Now()
	for short.Err() == nil {
		s, err := device.Next(short)
		if short.Err() != nil {
			break
		}
		if err != nil {
			return failed(err.Error(), "look at its four wires and its address")
		}
		if s.Flags.Has(vitals.Hardware) {
			return failed("it says that its hardware is at fault: "+s.Status, "replace the thermometer")
		}
		good++
	}
	rate := number("readings a second", float64(good)/time.Since(begun).Seconds(), "1/s", "above 0")
	if good == 0 {
		return failed("it answers, and measures nothing", "take the supply away for a moment; then replace it", rate)
	}
	return passed(rate)
}

// runningDevice asks the kiosk that has the device's port, twice.
func (b Bench) runningDevice(ctx context.Context, t table, d *Device) Result {
	find := func() (live.Line, bool) {
		all := b.Kiosk.Lines()
		i := slices.IndexFunc(all, func(o live.Line) bool { return o.Name == t.table })
		if i < 0 {
			return live.Line{}, false
		}
		return all[i], true
	}
	before, ok := find()
	if !ok || before.State != "connected" {
		return failed(cmp.Or(before.Why, "it does not answer"), "plug the "+t.table+" in, switch it on, and look at its cable")
	}
	wait(ctx, b.listenFor())
	now, _ := find()
	d.Port, d.Protocol = now.Port, cmp.Or(now.Protocol, d.Protocol)
	d.Manufacturer, d.Model = cmp.Or(now.Manufacturer, d.Manufacturer), cmp.Or(now.Model, d.Model)
	d.Serial, d.Firmware = now.Serial, now.Firmware
	if now.State != "connected" {
		return failed(cmp.Or(now.Why, "it does not answer any more"), "plug the "+t.table+" in, switch it on, and look at its cable")
	}
	c := frame.Tally{Frames: now.Frames - before.Frames, Skipped: now.Skipped - before.Skipped, BadChecksum: now.Damaged - before.Damaged}
	p, serial := catalogue.Find(now.Protocol)
	return clean(t, c, b.listenFor(), serial && p.Cuff == nil && !p.Pushed)
}

func nameOf(d config.Device) port.Name {
	if d.Path != "" {
		return port.Name{Path: d.Path}
	}
	u, _ := port.ParseUSB(d.USB) // the configuration takes no other form
	return port.Name{USB: u}
}

// wait waits, or returns early when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
