package config

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"nabz/drivers/vitals"
)

var usbID = regexp.MustCompile(`^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}(:.+?)?(@[0-9]+-[0-9.]+(:[0-9.]+)?)?$`)

// Protocols that each table takes, by its key.
var Protocols = map[string][]string{
	"oximeter":    {"contec", "bci", "nonin", "chipox"},
	"cuff":        {"par", "par-combined", "suntech", "hbp9030", "ua767"},
	"thermometer": append([]string{"suretemp"}, Chips...),
	"monitor":     {"pm6750", "un300c"},
}

// Chips are the thermometers on I2C.
var Chips = []string{"max30205", "tmp117", "mlx90614", "mlx90632"}

func (f *faults) devices(c Config) {
	f.device("oximeter", c.Oximeter)
	f.device("cuff", c.Cuff)
	f.device("thermometer", c.Thermometer)
	f.device("monitor", c.Monitor)
	m := c.Monitor.Protocol
	f.need(m == "" || !c.Cuff.Present() && !c.Oximeter.Present(), "monitor", "%s is cuff and oximeter itself: leave [cuff] and [oximeter] out", m)
	f.need(m != "pm6750" || !c.Thermometer.Present(), "monitor", "%s is a thermometer itself: leave [thermometer] out", m)
}

func (f *faults) device(key string, d Device) {
	if d == (Device{}) {
		return
	}
	f.need(slices.Contains(Protocols[key], d.Protocol), key+".protocol", "%q: use one of %s", d.Protocol, strings.Join(Protocols[key], ", "))
	_, err := time.Parse(time.DateOnly, d.Due)
	f.need(d.Due == "" || err == nil, key+".calibration_due", "%q: use a date such as 2027-05-31", d.Due)
	if slices.Contains(Chips, d.Protocol) {
		f.chip(key, d)
		return
	}
	f.need((d.Path == "") != (d.USB == ""), key, "give either path or usb")
	f.need(d.USB == "" || usbID.MatchString(d.USB), key+".usb", "%q: use vendor:product, with :serial or @socket where two are alike, such as 10C4:EA60@1-1.2", d.USB)
	f.need(d.Address == 0 && d.SupplyMV == 0, key, "address and supply_mv are for chips on I2C")
}

// sites are where a contact probe can be put.
var sites = []vitals.Site{vitals.Oral, vitals.Axillary, vitals.Rectal, vitals.Ear, vitals.Forehead}

func (f *faults) chip(key string, d Device) {
	f.need(strings.HasPrefix(d.Path, "/dev/i2c-") && d.USB == "", key+".path", "%q: name the bus, such as /dev/i2c-1", d.Path)
	f.need(d.Address >= 0 && d.Address < 0x78, key+".address", "%#x: use 0x08 to 0x77, or leave it out for the chip's usual one", d.Address)
	f.need(slices.Contains(sites, d.Site), key+".site", "%q: say where the probe is put: oral, axillary, rectal, ear, forehead", d.Site)
	f.need(d.SupplyMV == 0 || d.SupplyMV >= 2600 && d.SupplyMV <= 3600, key+".supply_mv", "%d: use 2600 to 3600, as measured at the chip", d.SupplyMV)
}
