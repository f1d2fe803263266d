package firmware

import (
	"context"
	"maps"
	"sync"
	"time"

	"nabz/drivers/frame"
	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/live"
	"nabz/firmware/power"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// What a technician's check asks of a kiosk that runs.

// counters are what came over the devices' lines.
type counters struct {
	mu  sync.Mutex
	all map[string]live.Line
}

// count notes what a driver has counted so far, and says of itself.
func (c *counters) count(name string, driver any) {
	l := live.Line{}
	if t, ok := driver.(interface{ Tally() frame.Tally }); ok {
		n := t.Tally()
		l.Frames, l.Skipped, l.Damaged = n.Frames, n.Skipped, n.BadChecksum
	} else {
		c.mu.Lock()
		l.Frames = c.all[name].Frames + 1 // of a chip: its readings
		c.mu.Unlock()
	}
	if i, ok := driver.(interface{ Identity() vitals.Identity }); ok {
		told := i.Identity()
		l.Manufacturer, l.Model, l.Serial, l.Firmware = told.Manufacturer, told.Model, told.Serial, told.Firmware
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]live.Line{}
	}
	c.all[name] = l
}

// Lines are the devices with what came over their lines since they were connected.
func (k *Kiosk) Lines() (all []live.Line) {
	devices, _ := k.devices.Get()
	k.counters.mu.Lock()
	counted := maps.Clone(k.counters.all)
	k.counters.mu.Unlock()
	for _, d := range devices {
		l := counted[d.Name]
		l.Device = d
		all = append(all, l)
	}
	return all
}

// Power is what feeds the box.
func (k *Kiosk) Power() power.State {
	s, _ := k.power.Get()
	return s
}

// Link is how far a reading could get now.
func (k *Kiosk) Link() uplink.Link {
	l, _ := k.link.Get()
	return l
}

// Ask asks the clinic, over the kiosk's own connection, how it and its record are.
func (k *Kiosk) Ask(ctx context.Context) (wire.HelloReply, time.Duration, error) {
	return k.up.Ask(ctx)
}

// Time is the kiosk's time now.
func (k *Kiosk) Time() clock.Stamp { return k.clock.Now() }
