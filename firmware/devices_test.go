package firmware

import (
	"slices"
	"testing"

	"nabz/drivers/catalogue"
	"nabz/firmware/config"
)

// What kiosk.toml takes is what there are drivers for, and the other way round.
func TestConfigKnowsTheCatalogue(t *testing.T) {
	for _, class := range []catalogue.Class{catalogue.Oximeter, catalogue.Cuff, catalogue.Thermometer, catalogue.Monitor} {
		want := catalogue.Names(class)
		if class == catalogue.Thermometer {
			want = append(want, catalogue.ChipNames()...)
		}
		if got := config.Protocols[string(class)]; !slices.Equal(got, want) {
			t.Errorf("[%s] takes %v, there are drivers for %v", class, got, want)
		}
	}
}
