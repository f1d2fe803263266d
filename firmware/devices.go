package firmware

import (
	"context"
	"slices"
	"time"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/live"
	"nabz/firmware/pulse"
	"nabz/firmware/reading"
)

// peripherals makes a task for each device that this kiosk has.
func (k *Kiosk) peripherals(c *cuff) []Task {
	var all []Task
	if d := k.cfg.Oximeter; d.Present() {
		all = append(all, k.streaming("oximeter", vitals.KindOximetry, d))
	}
	if d := k.cfg.Cuff; d.Present() {
		all = append(all, k.cuffTask(c, d))
	}
	if d := k.cfg.Thermometer; d.Present() {
		all = append(all, k.thermometer(d))
	}
	if d := k.cfg.Monitor; d.Present() {
		all = append(all, k.monitor(c, d))
	}
	return all
}

// streaming is a device on a serial line that sends one sample after another.
func (k *Kiosk) streaming(name string, kind vitals.Kind, d config.Device) *peripheral {
	return k.serial(k.peripheral(name, kind), catalogue.Class(name), d, func(ctx context.Context, c connection, up func()) error {
		return k.stream(ctx, name, c.Line.Protocol.Listen(c.wire), kind, c.ref, up)
	})
}

// thermometer is on a serial line or a chip on a bus.
func (k *Kiosk) thermometer(d config.Device) *peripheral {
	chip, ok := catalogue.FindChip(d.Protocol)
	if !ok {
		return k.streaming("thermometer", vitals.KindTemperature, d)
	}
	o := catalogue.ChipOpts{Address: uint16(d.Address), Site: d.Site, Supply: d.SupplyMV}
	return k.bus(k.peripheral("thermometer", vitals.KindTemperature), d, func(ctx context.Context, b i2c.Bus, up func()) error {
		ref := func(kind vitals.Kind, driver any) reading.DeviceRef { return deviceRef(kind, d, driver) }
		return k.stream(ctx, "thermometer", chip.New(b, o), vitals.KindTemperature, ref, up)
	})
}

// ref is what a reading says of the device.
func (c connection) ref(kind vitals.Kind, driver any) reading.DeviceRef {
	ref := deviceRef(kind, c.Device, driver)
	if ref.Model == "" {
		ref.Model = c.Line.Protocol.Makes
	}
	if ref.Serial == "" {
		ref.Serial = c.Identity().Serial // of its bridge
	}
	return ref
}

// stream hands every sample to the desk and the screen.
func (k *Kiosk) stream(ctx context.Context, name string, device catalogue.Sampler, kind vitals.Kind, ref func(vitals.Kind, any) reading.DeviceRef, up func()) error {
	for {
		pulse.Rest(ctx)
		s, err := device.Next(ctx)
		if err != nil {
			return err
		}
		pulse.Beat(ctx)
		k.counters.count(name, device)
		up()
		k.pleth(s, device)
		k.desk.arrive(s, ref(kind, device))
	}
}

// pleth hands the pulse wave to the screen: a device sends a sample of it with each of its own, or many at once.
func (k *Kiosk) pleth(s vitals.Sample, device any) {
	if w, ok := device.(interface{ Wave() []vitals.Pleth }); ok {
		k.wave.Push(time.Now(), w.Wave()...)
	} else if v, known := s.Oximetry.Pleth.Get(); known {
		k.wave.Push(time.Now(), v)
	}
}

// deviceState puts what is known of one device on the board.
func (k *Kiosk) deviceState(d live.Device) {
	k.devices.Update(func(all []live.Device) []live.Device {
		next := slices.Clone(all) // readers have the old one
		i := slices.IndexFunc(next, func(old live.Device) bool { return old.Name == d.Name })
		if i < 0 {
			return append(next, d)
		}
		next[i] = d // a list whose rows change places cannot be read
		return next
	})
}

func portName(d config.Device) port.Name {
	if d.Path != "" {
		return port.Name{Path: d.Path}
	}
	u, _ := port.ParseUSB(d.USB) // the configuration takes no other form
	return port.Name{USB: u}
}

// deviceRef is what a reading says of its device: what the site wrote down, and what the device tells of itself.
func deviceRef(kind vitals.Kind, d config.Device, driver any) reading.DeviceRef {
	var told vitals.Identity
	if i, ok := driver.(interface{ Identity() vitals.Identity }); ok {
		told = i.Identity()
	}
	return reading.DeviceRef{
		Kind: kind, Manufacturer: orTold(d.Manufacturer, told.Manufacturer), Model: orTold(d.Model, told.Model),
		Serial: told.Serial, Firmware: told.Firmware,
	}
}

func orTold(written, told string) string {
	if written != "" {
		return written
	}
	return told
}
