package thermometer

import (
	"fmt"
	"strings"
	"testing"

	"nabz/drivers/vitals"
)

func TestDump(t *testing.T) {
	for name, c := range map[string]struct {
		chip       Chip
		dump, want string
	}{
		"the data sheet's word":   {ChipMLX90614, "> 5a 07\n< 5a d2 3a 30\n", "28.010 °C not-settled"},
		"without its checksum":    {ChipMLX90614, "> 5a 07\n< 5a d2 3a\n", "28.010 °C not-settled"},
		"a wrong checksum":        {ChipMLX90614, "> 5a 07\n< 5a d2 3a 31\n", "-- hardware not-settled"},
		"the chip doubts it":      {ChipMLX90614, "> 5a 07\n< 5a d2 ba\n", "-- hardware not-settled"},
		"the ambient is not it":   {ChipMLX90614, "> 5a 06\n< 5a d2 3a 30\n", ""},
		"a contact probe":         {ChipTMP117, "> 48 00\n< 48 12 80\n> 48 01\n< 48 02 20\n", "37.000 °C not-settled"},
		"nothing was measured":    {ChipTMP117, "> 48 00\n< 48 80 00\n", "-- not-ready not-settled"},
		"another contact probe":   {ChipMAX30205, "> 48 00\n< 48 25 00\n", "37.000 °C not-settled"},
		"no body is as cold":      {ChipMAX30205, "> 48 00\n< 48 05 00\n", "-- out-of-range not-settled"},
		"read without a register": {ChipMAX30205, "< 48 25 00\n", ""},
	} {
		bus, err := ParseTranscript(strings.NewReader(c.dump))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := bus.Dump(c.chip, func(s vitals.Sample) error {
			got = append(got, strings.TrimSpace(fmt.Sprint(s.Temperature.Value, " ", s.Flags)))
			return nil
		}); err != nil {
			t.Error(err)
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if err := (&Transcript{}).Dump(ChipMLX90632, nil); err == nil {
		t.Error("an MLX90632 was read without its calibration")
	}
}
