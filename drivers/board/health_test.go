package board

import (
	"testing"

	"nabz/drivers/vitals"
)

func TestHealth(t *testing.T) {
	hot := vitals.Some(vitals.MilliCelsius(61234))
	for name, c := range map[string]struct {
		files map[string]string
		want  Health
	}{
		"a board that tells nothing": {nil, Health{}},
		"a Raspberry Pi": {map[string]string{
			"class/thermal/thermal_zone0/type": "cpu-thermal", "class/thermal/thermal_zone0/temp": "61234",
			"class/hwmon/hwmon1/name": "rpi_volt", "class/hwmon/hwmon1/in0_lcrit_alarm": "1",
			"devices/platform/soc/soc:firmware/get_throttled": "50005",
		}, Health{hot, vitals.Some(true), vitals.Some(Throttled(0x50005))}},
		"no alarm, but the firmware's bits": {map[string]string{
			"devices/platform/soc/soc:firmware/get_throttled": "50000",
		}, Health{UnderVoltage: vitals.Some(false), Throttled: vitals.Some(Throttled(0x50000))}},
		"another's temperature": {map[string]string{
			"class/thermal/thermal_zone0/type": "battery", "class/thermal/thermal_zone0/temp": "30000", "class/hwmon/hwmon0/name": "nvme",
		}, Health{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sysfs(t, c.files).Health(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	if bits := Throttled(0x50005); bits.Now() != NowUnderVoltage|NowThrottled || bits.Since() != NowUnderVoltage|NowThrottled {
		t.Errorf("the bits of %x: now %x, since %x", uint32(bits), uint32(bits.Now()), uint32(bits.Since()))
	}
}
