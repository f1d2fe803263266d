package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/port"
	"nabz/drivers/sim"
	"nabz/drivers/thermometer"
	"nabz/firmware/live"
)

// TestDetect looks at a box with two bridges that are alike, a device that says nothing, and a port that the kiosk has.
func TestDetect(t *testing.T) {
	hub, err := sim.NewHub(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	person := sim.NewPatient(sim.PatientOpts{})
	twin := sim.Bridge{Vendor: "10c4", Product: "ea60", Text: "CP2102 USB to UART Bridge Controller"}
	for _, p := range []struct {
		socket string
		bridge sim.Bridge
		device sim.Device
	}{
		{"1-1.1", twin, sim.NewPAR(person, sim.Opts{})},
		{"1-1.2", twin, sim.NewContec(person, sim.Opts{Model: sim.CMS50DPlus, ByHand: true})},
		{"1-1.3", sim.Bridge{Vendor: "0590", Product: "0090"}, sim.NewHBP9030(person, sim.Opts{})},
		{"1-1.4", sim.Bridge{Vendor: "0403", Product: "6001", Serial: "TH0001"}, sim.NewSureTemp(person, sim.Opts{})},
		{"1-1.5", sim.Bridge{Vendor: "0403", Product: "6001", Serial: "OX0001"}, sim.NewContec(person, sim.Opts{Model: sim.BerryBCI})},
	} {
		if err := hub.Plug(p.socket, p.bridge, p.device); err != nil {
			t.Fatal(err)
		}
	}
	system := port.System{Class: hub.Class(), Dev: hub.Dev()}
	used := []live.Device{{Name: "thermometer", State: "connected", Port: hub.Dev() + "/ttyUSB3", Protocol: "suretemp"}}
	places, err := survey(t.Context(), system, used, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := printPlaces(&out, places); err != nil {
		t.Fatal(err)
	}
	golden(t, strings.ReplaceAll(out.String(), hub.Dev(), "/dev"), `
/dev/ttyUSB0  10C4:EA60@1-1.1:1.0 CP2102 USB to UART Bridge Controller  cuff: PAR NIBP2010, NIBP2020 UP; UN300C without its oximeter, 4800 8N1
/dev/ttyUSB1  10C4:EA60@1-1.2:1.0 CP2102 USB to UART Bridge Controller  oximeter: Contec CMS50 family, 115200 8N1
/dev/ttyUSB2  0590:0090                                                 nothing answers: switch it on, check its cable
/dev/ttyUSB3  0403:6001:TH0001                                          in use by the running kiosk: its thermometer, suretemp
/dev/ttyUSB4  0403:6001:OX0001                                          oximeter: Berry, BCI and others with the five-byte stream, 115200 8N1

A cuff with a start button of its own speaks when somebody has measured: kioskctl detect --wait 2m, and press it.

For kiosk.toml:

[cuff]
protocol = "par"
usb = "10C4:EA60@1-1.1:1.0"

[oximeter]
protocol = "contec"
usb = "10C4:EA60@1-1.2:1.0"

# [oximeter]
# protocol = "bci"
# or contec
# usb = "0403:6001:OX0001"
`)
}

func golden(t *testing.T, got, want string) {
	t.Helper()
	if d := cmp.Diff(strings.TrimPrefix(want, "\n"), got); d != "" {
		t.Errorf("output (-want +got):\n%s", d)
	}
}

func TestDetectPrintsChips(t *testing.T) {
	found := []thermometer.Found{
		{Addr: 0x48, Chip: thermometer.ChipTMP117, Certain: true},
		{Addr: 0x5A, Err: thermometer.ErrWrongChip},
	}
	var out strings.Builder
	places := append(placesOf("/dev/i2c-1", found, nil), placesOf("/dev/i2c-2", nil, nil)...)
	if err := printPlaces(&out, places); err != nil {
		t.Fatal(err)
	}
	golden(t, out.String(), `
/dev/i2c-1  address 0x48  thermometer: Texas Instruments TMP117 contact probe
/dev/i2c-1  address 0x5a  not this chip
/dev/i2c-2                no thermometer answers: check its four wires

For kiosk.toml:

[thermometer]
protocol = "tmp117"
path = "/dev/i2c-1"
address = 0x48
site = "axillary" # where the probe is put: oral, axillary, rectal, ear, forehead
`)
}

func TestDetectWithNothing(t *testing.T) {
	var out strings.Builder
	if err := printPlaces(&out, nil); err != nil || !strings.Contains(out.String(), "plug a device in") {
		t.Errorf("%q, %v", out.String(), err)
	}
}
