package firmware

import (
	"context"

	"periph.io/x/conn/v3/i2c"

	"nabz/drivers/catalogue"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
	"nabz/firmware/config"
	"nabz/firmware/live"
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

// protocol is that of a device; the configuration takes no name that the catalogue does not have.
func protocol(d config.Device) catalogue.Protocol {
	p, _ := catalogue.Find(d.Protocol)
	return p
}

// streaming is a device that sends one sample after another.
func (k *Kiosk) streaming(name string, kind vitals.Kind, d config.Device) *peripheral {
	p := protocol(d)
	use := func(ctx context.Context, w port.Wire, up func()) error {
		return k.stream(ctx, p.Listen(w), kind, d, up)
	}
	return k.peripheral(name, len(p.Lines), k.serial(d, p.Lines, use), kind)
}

// thermometer is on a serial line or a chip on a bus.
func (k *Kiosk) thermometer(d config.Device) *peripheral {
	chip, ok := catalogue.FindChip(d.Protocol)
	if !ok {
		return k.streaming("thermometer", vitals.KindTemperature, d)
	}
	o := catalogue.ChipOpts{Address: uint16(d.Address), Site: d.Site, Supply: d.SupplyMV}
	use := func(ctx context.Context, b i2c.Bus, up func()) error {
		return k.stream(ctx, chip.New(b, o), vitals.KindTemperature, d, up)
	}
	return k.peripheral("thermometer", 1, k.bus(d, use), vitals.KindTemperature)
}

// stream hands every sample to the desk and the screen.
func (k *Kiosk) stream(ctx context.Context, device catalogue.Sampler, kind vitals.Kind, d config.Device, up func()) error {
	for {
		s, err := device.Next(ctx)
		if err != nil {
			return err
		}
		up()
		k.desk.arrive(s, deviceRef(kind, d, device))
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
	ref := reading.DeviceRef{
		Kind: kind, Manufacturer: orTold(d.Manufacturer, told.Manufacturer), Model: orTold(d.Model, told.Model),
		Serial: told.Serial, Firmware: told.Firmware,
	}
	if ref.Serial == "" && d.USB != "" {
		ref.Serial = portName(d).USB.Serial
	}
	return ref
}

func orTold(written, told string) string {
	if written != "" {
		return written
	}
	return told
}
