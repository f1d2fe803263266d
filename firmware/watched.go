package firmware

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/live"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// watched is what a doctor far away sees of the visit in progress.
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
	who, _ := w.desk.who.Get()
	s.Patient = who.patient
	return s, who.visit == visit.ID // between two visits, for a moment, nobody's
}

// box is what whoever runs the fleet sees of it.
func (w watched) box() uplink.Box {
	power, _ := w.power.Get()
	card, _ := w.card.Get()
	b := uplink.Box{Power: string(power.Source), Card: cardWord(card), Profile: w.cfg.Profile, Refused: w.cfg.Refused}
	if i := w.standing(); i.Ends {
		b.Ends = i.Until.Unix()
	}
	if c, known := power.Charge.Get(); known {
		b.Charge = int(c)
	}
	devices, _ := w.devices.Get()
	for _, d := range devices {
		if d.State == "missing" {
			b.Missing = append(b.Missing, d.Name)
		}
	}
	return b
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
		s.PI = number(o.Sample.Oximetry.PI, o, now)
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
