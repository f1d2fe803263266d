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

func (b bus) system() System { return System{Class: b.class(), Dev: "/dev"} }

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
	for asked, want := range map[string][]string{
		"0403:6001":              {"/dev/ttyUSB0", "/dev/ttyUSB1"}, // two that look alike
		"0403:6001:TH0002":       {"/dev/ttyUSB1"},
		"0403:6001:TH0003":       nil,
		"0403:6001:th0002":       nil, // a serial number's case counts
		"0403:6001@1-1.2":        {"/dev/ttyUSB1"},
		"0403:6001@1-1.2:1.0":    {"/dev/ttyUSB1"},
		"0403:6001@1-1.2:1.1":    nil,
		"0403:6001@1-1":          nil, // the hub's own socket
		"0403:6001@1-1.22":       nil,
		"0403:6001:TH0001@1-1.2": nil,
		"10c4:ea60":              {"/dev/ttyUSB2"},
		"10C4:EA60:0001":         nil,
		"0403:6015":              nil,
		"1D6B:0002":              nil, // the hub is no port
	} {
		t.Run(asked, func(t *testing.T) {
			u, ok := ParseUSB(asked)
			if !ok {
				t.Fatal("not taken for a USB identity")
			}
			found, err := b.system().Find(u)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.Path)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("ports (-want +got):\n%s", d)
			}
		})
	}
}

func TestList(t *testing.T) {
	b := kiosk(t)
	b.port("ttyS0", "devices/platform/serial8250") // a place for a chip that is not there
	b.port("ttyS1", "devices/platform/console.serial")
	for path, text := range map[string]string{
		"class/tty/ttyS0/type": "0", "class/tty/ttyS1/type": "4", "class/tty/console/active": "tty0 ttyS1",
		"devices/usb1/1-1.3/product": "CP2102 USB to UART Bridge Controller",
	} {
		b.mkdir(filepath.Dir(path))
		if err := os.WriteFile(filepath.Join(b.dir, path), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.usb("devices/usb1/1-1.5", "12d1", "1506", "") // the modem of the kiosk's own link
	b.port("ttyUSB4", "devices/usb1/1-1.5/1-1.5:1.0/ttyUSB4")
	b.mkdir("bus/usb-serial/drivers/option1")
	if err := os.Symlink(filepath.Join(b.dir, "bus/usb-serial/drivers/option1"), filepath.Join(b.dir, "devices/usb1/1-1.5/1-1.5:1.0/ttyUSB4/driver")); err != nil {
		t.Fatal(err)
	}
	got, err := b.system().List()
	if err != nil {
		t.Fatal(err)
	}
	want := []Found{
		{Path: "/dev/ttyAMA0"},
		{Path: "/dev/ttyUSB0", USB: USB{"0403", "6001", "TH0001", "1-1.1:1.0"}},
		{Path: "/dev/ttyUSB1", USB: USB{"0403", "6001", "TH0002", "1-1.2:1.0"}},
		{Path: "/dev/ttyUSB2", USB: USB{"10C4", "EA60", "", "1-1.3:1.0"}, Product: "CP2102 USB to UART Bridge Controller"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ports (-want +got):\n%s", d)
	}
}

func TestFoundName(t *testing.T) {
	b := kiosk(t)
	b.usb("devices/usb1/1-1.5", "10c4", "ea60", "0001") // the maker gave every bridge this number
	b.port("ttyUSB3", "devices/usb1/1-1.5/1-1.5:1.0/ttyUSB3")
	b.usb("devices/usb1/1-1.6", "10c4", "ea60", "0001")
	b.port("ttyUSB4", "devices/usb1/1-1.6/1-1.6:1.0/ttyUSB4")
	b.usb("devices/usb1/1-1.7", "1a86", "7523", "")
	b.port("ttyUSB5", "devices/usb1/1-1.7/1-1.7:1.0/ttyUSB5")
	all, err := b.system().List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, f.Name(all).String())
	}
	want := []string{
		"/dev/ttyAMA0", "0403:6001:TH0001", "0403:6001:TH0002", "10C4:EA60@1-1.3:1.0", "10C4:EA60:0001@1-1.5:1.0", "10C4:EA60:0001@1-1.6:1.0",
		"1A86:7523",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	for _, name := range got {
		if n := ParseName(name); n.Path == "" {
			if same, err := b.system().Find(n.USB); err != nil || len(same) != 1 {
				t.Errorf("%s names %d ports, %v", name, len(same), err)
			}
		}
	}
}

func TestListWithoutSysfs(t *testing.T) {
	_, err := System{Class: filepath.Join(t.TempDir(), "none")}.Find(USB{Vendor: "10C4", Product: "EA60"})
	if err == nil || !strings.Contains(err.Error(), "10C4:EA60") {
		t.Errorf("error %v, want one that names the device", err)
	}
}

func TestMissingDeviceIsNamed(t *testing.T) {
	_, err := OpenSerial(Name{USB: USB{Vendor: "FFFF", Product: "FFFF", Serial: "none"}}, line)
	if err == nil || !strings.Contains(err.Error(), "FFFF:FFFF:none") {
		t.Errorf("error %v, want one that names the device", err)
	}
}

func TestTwinsAreToldApart(t *testing.T) {
	_, err := kiosk(t).system().Open(Name{USB: USB{Vendor: "0403", Product: "6001"}}, line)
	if err == nil || !strings.Contains(err.Error(), "such as 0403:6001:TH0001@1-1.1:1.0") {
		t.Errorf("error %v, want one that says how to name one of two", err)
	}
}

func TestNames(t *testing.T) {
	for want, n := range map[string]Name{
		"/dev/ttyAMA0":             {Path: "/dev/ttyAMA0"},
		"10C4:EA60":                {USB: USB{Vendor: "10C4", Product: "EA60"}},
		"0403:6001:TH0001":         {USB: USB{Vendor: "0403", Product: "6001", Serial: "TH0001"}},
		"0483:5740:a:b@c":          {USB: USB{Vendor: "0483", Product: "5740", Serial: "a:b@c"}},
		"10C4:EA60@2-1.4.1:1.0":    {USB: USB{Vendor: "10C4", Product: "EA60", Socket: "2-1.4.1:1.0"}},
		"/dev/serial/by-id/a:b:c0": {Path: "/dev/serial/by-id/a:b:c0"},
		"":                         {},
	} {
		if n.String() != want {
			t.Errorf("%q, want %q", n, want)
		}
		if back := ParseName(want); back != n {
			t.Errorf("%q is read as %+v, want %+v", want, back, n)
		}
	}
}
