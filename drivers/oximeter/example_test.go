package oximeter_test

import (
	"context"
	"fmt"
	"strings"

	"nabz/drivers/oximeter"
	"nabz/drivers/port"
)

// A capture is played through the driver as a device's port would be. The finger leaves after the first packet, and with it the numbers.
func ExampleContec_Next() {
	wire, err := port.OpenPlayback(strings.NewReader(`
< 01 80 85 9e 83 c8 e1 ce 82
< 01 81 80 c0 80 c8 e1 ce 82`), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := oximeter.NewContec(wire, oximeter.DialectContec)
	for {
		s, err := c.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("SpO2 %v, pulse %v, perfusion %v, %q\n", s.Oximetry.SpO2, s.Oximetry.Pulse, s.Oximetry.PI, s.Flags)
	}
	// Output:
	// SpO2 97 %, pulse 72 /min, perfusion 5.90 %, ""
	// SpO2 --, pulse --, perfusion --, "no-finger"
	// EOF
}
