package board

import (
	"path/filepath"
	"strconv"

	"nabz/drivers/vitals"
)

// Health is how the board itself is. What the kernel does not tell is unknown.
type Health struct {
	Temperature  vitals.Maybe[vitals.MilliCelsius] // of the processor
	UnderVoltage vitals.Maybe[bool]                // the supply of 5 V is too low now (Raspberry Pi, hwmon rpi_volt, in0_lcrit_alarm)
	Throttled    vitals.Maybe[Throttled]           // what the Raspberry Pi's firmware slows down for
}

// Throttled are the firmware's bits (Raspberry Pi, vcgencmd get_throttled).
type Throttled uint32

// The bits for now; shifted by 16 they say that it was so at some time since the start.
const (
	NowUnderVoltage Throttled = 1 << iota
	NowCapped                 // the clock is held down
	NowThrottled              // it works slower
	NowHot                    // the soft limit of temperature
)

// Since gives what was so at some time since the start.
func (t Throttled) Since() Throttled { return t >> 16 & 0xF }

// Now gives what is so now.
func (t Throttled) Now() Throttled { return t & 0xF }

// Health looks at the board.
func (s Sys) Health() (h Health) {
	for _, zone := range glob(s.Root, "class/thermal/thermal_zone*") {
		if kind, err := attribute(zone, "type"); err != nil || kind != "cpu-thermal" && kind != "x86_pkg_temp" && kind != "cpu_thermal" {
			continue
		}
		if n, ok := integer(zone, "temp", 10); ok {
			h.Temperature = vitals.Some(vitals.MilliCelsius(n))
			break
		}
	}
	for _, dir := range glob(s.Root, "class/hwmon/hwmon*") {
		if name, err := attribute(dir, "name"); err != nil || name != "rpi_volt" {
			continue
		}
		if n, ok := integer(dir, "in0_lcrit_alarm", 10); ok {
			h.UnderVoltage = vitals.Some(n != 0)
		}
	}
	for _, dir := range glob(s.Root, "devices/platform/soc/soc:firmware") {
		if n, ok := integer(dir, "get_throttled", 16); ok {
			h.Throttled = vitals.Some(Throttled(n))
			if !h.UnderVoltage.Known() {
				h.UnderVoltage = vitals.Some(Throttled(n)&NowUnderVoltage != 0)
			}
		}
	}
	return h
}

func glob(root, pattern string) []string {
	all, _ := filepath.Glob(filepath.Join(root, pattern)) // its one error is a bad pattern
	return all
}

func integer(dir, name string, base int) (int64, bool) {
	text, err := attribute(dir, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(text, base, 64)
	return n, err == nil
}
