package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
)

// System is where the kernel lists its serial ports, where their device files are, and how an I2C bus and a GPIO line are opened.
type System struct {
	Class, Dev string
	OpenI2C    func(path string) (i2c.BusCloser, error)
	OpenInput  func(Pin, gpio.Pull) (InputLine, error)
	OpenOutput func(Pin, gpio.Level) (OutputLine, error)
}

// Host is the system that this program runs on.
var Host = System{Class: "/sys/class/tty", Dev: "/dev", OpenI2C: OpenI2C, OpenInput: hostInput, OpenOutput: hostOutput}

// Found is one serial port.
type Found struct {
	Path    string // device file
	USB     USB    // zero when it is not on USB
	Product string // what the USB device says of itself, for people; often empty
}

// modems are the kernel's drivers (drivers/usb/serial) whose ports are those of a mobile modem. It is the kiosk's link: nobody is to talk to it
// in search of a cuff.
var modems = []string{"option1", "qcserial", "sierra", "ipw", "hso"}

// List returns the serial ports that have hardware behind them, in the kernel's order, without a line that is the system's console and without
// those of a mobile modem. It opens none.
func (s System) List() ([]Found, error) {
	entries, err := os.ReadDir(s.Class)
	if err != nil {
		return nil, fmt.Errorf("list serial ports: %w", err)
	}
	active, _ := attribute(filepath.Join(s.Class, "console"), "active") // a box without a console has no such file
	consoles := strings.Fields(active)
	var all []Found
	for _, e := range entries {
		dir := filepath.Join(s.Class, e.Name())
		if kind, err := attribute(dir, "type"); err == nil && kind == "0" || slices.Contains(consoles, e.Name()) {
			continue // a place for a chip that is not there, or a line that the system itself talks on
		}
		driver, _ := filepath.EvalSymlinks(filepath.Join(dir, "device", "driver")) // not every port has one
		if slices.Contains(modems, filepath.Base(driver)) {
			continue
		}
		if f, ok := s.look(e.Name()); ok {
			all = append(all, f)
		}
	}
	return all, nil
}

// Name returns the shortest name that no other of all has, the first of: vendor:product and serial number, where it has one; vendor:product;
// these with the socket; its path, where it is not on USB. A name without a socket is still good when the device is plugged in elsewhere.
func (f Found) Name(all []Found) Name {
	if f.USB == (USB{}) {
		return Name{Path: f.Path}
	}
	u := f.USB
	u.Socket = ""
	alike := slices.DeleteFunc(slices.Clone(all), func(o Found) bool { return !o.USB.Is(u) })
	if len(alike) > 1 {
		u = f.USB
	}
	return Name{USB: u}
}

// Find returns the ports behind a USB device, in the kernel's order. It opens none.
func (s System) Find(u USB) ([]Found, error) {
	all, err := s.List()
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", u, err)
	}
	return slices.DeleteFunc(all, func(f Found) bool { return f.USB == (USB{}) || !f.USB.Is(u) }), nil
}

// look says what is known of one port; false when nothing is behind it.
func (s System) look(name string) (Found, bool) {
	dir, err := filepath.EvalSymlinks(filepath.Join(s.Class, name, "device"))
	if err != nil {
		return Found{}, false
	}
	f := Found{Path: filepath.Join(s.Dev, name)}
	for below := ""; len(dir) > 1; below, dir = filepath.Base(dir), filepath.Dir(dir) {
		vendor, err := attribute(dir, "idVendor")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		product, err2 := attribute(dir, "idProduct")
		if err != nil || err2 != nil {
			return Found{}, false // it is going, or coming
		}
		serial, _ := attribute(dir, "serial") // many bridges have none
		f.USB = USB{Vendor: strings.ToUpper(vendor), Product: strings.ToUpper(product), Serial: serial, Socket: below}
		f.Product, _ = attribute(dir, "product") // likewise
		return f, true
	}
	return f, true
}

// identify returns the USB identity behind a port that is open; zero when it is not on USB.
func (s System) identify(path string) USB {
	f, _ := s.look(filepath.Base(path))
	return f.USB
}

func attribute(dir, name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(raw)), err
}

// InputLine and OutputLine are GPIO lines of a System.
type (
	InputLine interface {
		gpio.PinIn
		Level() (gpio.Level, error)
		Close() error
	}
	OutputLine interface {
		gpio.PinOut
		Close() error
	}
)

func hostInput(p Pin, pull gpio.Pull) (InputLine, error) {
	in, err := OpenInput(p, pull)
	if err != nil {
		return nil, err
	}
	return in, nil
}

func hostOutput(p Pin, l gpio.Level) (OutputLine, error) {
	out, err := OpenOutput(p, l)
	if err != nil {
		return nil, err
	}
	return out, nil
}
