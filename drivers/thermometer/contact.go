package thermometer

import "nabz/drivers/vitals"

// Limits of a contact probe: what both chips and the protocol (section 3) allow.
const (
	contactLow  = 10_000
	contactHigh = 45_000
)

// contact is a sample of a probe that touches its site. Whether the probe is as warm as the site is not for the driver to say: the exam
// waits for equilibrium, and a flag here would make it begin again.
func contact(site vitals.Site, value vitals.MilliCelsius) vitals.Sample {
	if value < contactLow || value > contactHigh {
		return flagged(site, vitals.Direct, vitals.OutOfRange)
	}
	s := flagged(site, vitals.Direct, 0)
	s.Temperature.Value = vitals.Some(value)
	return s
}

// flagged is a sample without a number.
func flagged(site vitals.Site, mode vitals.Mode, f vitals.Flags) vitals.Sample {
	return vitals.Sample{Kind: vitals.KindTemperature, Temperature: vitals.Temperature{Site: site, Mode: mode}, Flags: f}
}

// scale is raw·num/den, a half rounded away from zero.
func scale(raw int16, num, den int) vitals.MilliCelsius {
	n := int(raw) * num * 2
	if n < 0 {
		return vitals.MilliCelsius((n - den) / (2 * den))
	}
	return vitals.MilliCelsius((n + den) / (2 * den))
}
