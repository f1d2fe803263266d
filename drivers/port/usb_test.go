package port

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bus is a false /sys: USB devices, and the ports that hang off them.
type bus struct {
	*testing.T
	dir string
}

func newBus(t *testing.T) bus {
	t.Helper()
	b := bus{t, t.TempDir()}
	b.mkdir("class/tty")
	return b
}

func (b bus) class() string { return filepath.Join(b.dir, "class/tty") }

func (b bus) mkdir(path string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Join(b.dir, path), 0o755); err != nil {
		b.Fatal(err)
	}
}

// usb adds a USB device; an empty attribute has no file.
func (b bus) usb(path, vendor, product, serial string) {
	b.Helper()
	b.mkdir(path)
	for name, value := range map[string]string{"idVendor": vendor, "idProduct": product, "serial": serial} {
		if value == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(b.dir, path, name), []byte(value+"\n"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// port adds a port whose device is at path.
func (b bus) port(name, path string) {
	b.Helper()
	b.mkdir(path)
	b.mkdir("class/tty/" + name)
	if err := os.Symlink(filepath.Join(b.dir, path), filepath.Join(b.class(), name, "device")); err != nil {
		b.Fatal(err)
	}
}

// kiosk is a box with two bridges of one kind, a third without a serial number, a modem of its own, and ports that are not on USB.
func kiosk(t *testing.T) bus {
	b := newBus(t)
	b.usb("devices/usb1", "1d6b", "0002", "0000:01:00.0") // the hub above them all
	b.usb("devices/usb1/1-1.1", "0403", "6001", "TH0001")
	b.port("ttyUSB0", "devices/usb1/1-1.1/1-1.1:1.0/ttyUSB0")
	b.usb("devices/usb1/1-1.2", "0403", "6001", "TH0002")
	b.port("ttyUSB1", "devices/usb1/1-1.2/1-1.2:1.0/ttyUSB1")
	b.usb("devices/usb1/1-1.3", "10c4", "ea60", "")
	b.port("ttyUSB2", "devices/usb1/1-1.3/1-1.3:1.0/ttyUSB2")
	b.usb("devices/usb1/1-1.4", "04e8", "", "")
	b.port("ttyACM0", "devices/usb1/1-1.4/1-1.4:1.0")
	b.port("ttyAMA0", "devices/platform/soc/fe201000.serial")
	b.mkdir("class/tty/tty0") // a console has no device
	return b
}

func TestFind(t *testing.T) {
	b := kiosk(t)
	cases := map[string]struct {
		usb  USB
		want []string
	}{
		"two that look alike":        {USB{"0403", "6001", ""}, []string{"/dev/ttyUSB0", "/dev/ttyUSB1"}},
		"one by its serial number":   {USB{"0403", "6001", "TH0002"}, []string{"/dev/ttyUSB1"}},
		"no such serial number":      {USB{"0403", "6001", "TH0003"}, nil},
		"serial number's case":       {USB{"0403", "6001", "th0002"}, nil},
		"without a serial number":    {USB{"10C4", "EA60", ""}, []string{"/dev/ttyUSB2"}},
		"in lower case":              {USB{"10c4", "ea60", ""}, []string{"/dev/ttyUSB2"}},
		"serial number not there":    {USB{"10C4", "EA60", "0001"}, nil},
		"same vendor, other product": {USB{"0403", "6015", ""}, nil},
		"the hub is no port":         {USB{"1D6B", "0002", ""}, nil},
		"half an identity":           {USB{"04E8", "", ""}, nil},
		"empty identity":             {USB{}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := find(b.class(), c.usb)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("ports (-want +got):\n%s", d)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	b := kiosk(t)
	cases := map[string]struct {
		want USB
		ok   bool
	}{
		"/dev/ttyUSB0": {USB{"0403", "6001", "TH0001"}, true},
		"/dev/ttyUSB2": {USB{"10C4", "EA60", ""}, true},
		"/dev/ttyAMA0": {USB{}, false},
		"/dev/tty0":    {USB{}, false},
		"/dev/ttyS99":  {USB{}, false},
	}
	for path, c := range cases {
		if got, ok := identify(b.class(), path); ok != c.ok || got != c.want {
			t.Errorf("%s: %+v %t, want %+v %t", path, got, ok, c.want, c.ok)
		}
	}
}

func TestFindWithoutSysfs(t *testing.T) {
	_, err := find(filepath.Join(t.TempDir(), "none"), USB{"10C4", "EA60", ""})
	if err == nil || !strings.Contains(err.Error(), "10C4:EA60") {
		t.Errorf("error %v, want one that names the device", err)
	}
}

func TestMissingDeviceIsNamed(t *testing.T) {
	_, err := OpenSerial(Name{USB: USB{"FFFF", "FFFF", "none"}}, line)
	if err == nil || !strings.Contains(err.Error(), "FFFF:FFFF:none") {
		t.Errorf("error %v, want one that names the device", err)
	}
}

func TestNames(t *testing.T) {
	for want, n := range map[string]Name{
		"/dev/ttyAMA0":     {Path: "/dev/ttyAMA0"},
		"10C4:EA60":        {USB: USB{"10C4", "EA60", ""}},
		"0403:6001:TH0001": {USB: USB{"0403", "6001", "TH0001"}},
		"":                 {},
	} {
		if n.String() != want {
			t.Errorf("%q, want %q", n, want)
		}
	}
}
