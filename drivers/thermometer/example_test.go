package thermometer_test

import (
	"context"
	"fmt"
	"strings"
	"testing/fstest"

	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// A recording of the bus is played through the driver as the chip itself would be.
func ExampleMAX30205_Next() {
	bus, err := thermometer.ParseTranscript(strings.NewReader(`
# its limits are those of power-up, and are read twice as everything is
> 48 02
< 48 4B 00
> 48 02
< 48 4B 00
> 48 03
< 48 50 00
> 48 03
< 48 50 00
# it rests, and says so
> 48 01 01
> 48 01
< 48 01
> 48 01
< 48 01
# one conversion: 37.25 °C
> 48 01 81
> 48 00
< 48 25 40
> 48 00
< 48 25 40`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d := thermometer.NewMAX30205(bus, 0x48)
	d.Site = vitals.Axillary
	for {
		s, err := d.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Temperature.Value, s.Temperature.Site, s.Temperature.Mode)
	}
	// Output:
	// 37.250 °C axillary direct
	// EOF
}

// A technician's tool asks who is on the bus. Nothing is written but the numbers of registers.
func ExampleProbe() {
	bus, err := thermometer.ParseTranscript(strings.NewReader(`
> 3A 24 0B
< 3A 01 05
> 3A 24 0B
< 3A 01 05`))
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := thermometer.Probe(bus, 0x3A)
	fmt.Printf("%02X %s %s %s, certain: %t, %v\n", f.Addr, f.Identity.Manufacturer, f.Identity.Model, f.Identity.Firmware, f.Certain, err)
	// Output: 3A Melexis MLX90632 0105, certain: true, <nil>
}

// The box's own temperature, never a patient's.
func ExampleDS18B20_Temperature() {
	for _, milli := range []string{"41250\n", "85000\n"} {
		v, err := thermometer.NewDS18B20(fstest.MapFS{"temperature": {Data: []byte(milli)}}).Temperature()
		fmt.Println(v, err)
	}
	// Output:
	// 41.250 °C <nil>
	// 0.000 °C thermometer: ds18b20: nothing was measured: 85.000 °C is its value after power-up: read it again
}
