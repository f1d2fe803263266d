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

// A Nonin in format 8 sends a group a second. The first has none before it that bears it out; with the last the finger leaves, while the
// device still shows its numbers.
func ExampleNonin_Next() {
	wire, err := port.OpenPlayback(strings.NewReader(`
< 80 48 61 00
< 80 48 61 00
< 80 49 61 00
< 80 49 61 08`), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	n := oximeter.NewNonin(wire)
	for {
		s, err := n.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("SpO2 %v, pulse %v, %q\n", s.Oximetry.SpO2, s.Oximetry.Pulse, s.Flags)
	}
	// Output:
	// SpO2 --, pulse --, ""
	// SpO2 97 %, pulse 72 /min, ""
	// SpO2 97 %, pulse 73 /min, ""
	// SpO2 --, pulse --, "no-finger"
	// EOF
}

// A ChipOx tells of the finger in its status and of the numbers in its stream.
func ExampleChipOx_Next() {
	wire, err := port.OpenPlayback(strings.NewReader(`
< a8 7f 08 00 00 9d 87 a8
< a8 7f 01 61 00 48 5a 32 01 02 03 04 05 06 07 08 09 0a 8d ec a8
< a8 7f 08 00 02 a1 89 a8
< a8 7f 01 61 00 48 5a 32 01 02 03 04 05 06 07 08 09 0a 8d ec a8`), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := oximeter.NewChipOx(wire)
	for {
		s, err := c.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("SpO2 %v, pulse %v, %q\n", s.Oximetry.SpO2, s.Oximetry.Pulse, s.Flags)
	}
	// Output:
	// SpO2 97 %, pulse 72 /min, ""
	// SpO2 --, pulse --, "no-finger"
	// EOF
}
