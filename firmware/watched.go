package firmware

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/live"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// watched is what a doctor far away sees of the visit in progress. It tells of nobody: whose numbers they are comes with the readings.
type watched struct{ *Kiosk }

// Wave implements uplink.Live.
func (w watched) Wave(after uint64) ([]int, int, uint64) { return w.wave.Since(after) }

// Now implements uplink.Live.
func (w watched) Now() (uplink.Sight, bool) {
	visit, _ := w.desk.view.Get()
	if visit == nil {
		return uplink.Sight{}, false
	}
	numbers, _ := w.numbers.Get()
	s := sightOf(numbers, time.Now())
	s.Visit, s.Step = visit.ID, string(visit.Step)
	devices, _ := w.devices.Get()
	for _, d := range devices {
		if d.State == "connected" {
			s.Devices = append(s.Devices, d.Name)
		}
	}
	return s, true
}

// oldest is the age at which a number is no longer sent (clinical rules, section 6).
const oldest = 10 * time.Second

// sightOf is the part of a sight that comes from the devices. What a device does not stand behind is left out.
func sightOf(n live.Numbers, now time.Time) (s uplink.Sight) {
	if o := n.Oximetry; !o.At.IsZero() && now.Sub(o.At) <= oldest {
		flags := o.Sample.Flags
		s.NoFinger, s.Weak, s.Flags = flags.Any(vitals.NoFinger|vitals.SensorOff), flags.Has(vitals.LowPerfusion), flags.Names()
		s.SpO2 = number(o.Sample.Oximetry.SpO2, o, now)
		s.Pulse = number(o.Sample.Oximetry.Pulse, o, now)
	}
	s.Cuff = number(n.Cuff.Sample.Cuff, n.Cuff, now)
	s.Celsius = number(n.Temperature.Sample.Temperature.Value, n.Temperature, now)
	return s
}

func number[T ~int](v vitals.Maybe[T], d live.Dated, now time.Time) *wire.Number {
	age, flags := now.Sub(d.At), d.Sample.Flags
	n, known := v.Get()
	if !known || d.At.IsZero() || age > oldest || flags.Doubted() {
		return nil
	}
	return &wire.Number{V: int(n), Age: int(max(0, age).Milliseconds()), Q: flags.Any(vitals.LowPerfusion | vitals.IrregularPulse)}
}
