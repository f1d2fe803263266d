package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// USB is the identity of a USB device. Vendor and Product are four hexadecimal digits, in upper case where this package gives them; Serial
// may be empty for any.
type USB struct{ Vendor, Product, Serial string }

func (u USB) String() string {
	if u == (USB{}) {
		return ""
	}
	s := u.Vendor + ":" + u.Product
	if u.Serial != "" {
		s += ":" + u.Serial
	}
	return s
}

// sysfs is where the kernel lists its serial ports.
const sysfs = "/sys/class/tty"

// Find returns the device files of the serial ports behind a USB device, in the kernel's order. It opens none.
func Find(u USB) ([]string, error) { return find(sysfs, u) }

func find(root string, u USB) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", u, err)
	}
	var found []string
	for _, e := range entries {
		id, ok := identify(root, e.Name())
		if ok && id.is(u) {
			found = append(found, "/dev/"+e.Name())
		}
	}
	return found, nil
}

// is says whether a device is the one that was asked for. Hexadecimal digits may be asked for in either case; a serial number is text.
func (u USB) is(asked USB) bool {
	return strings.EqualFold(u.Vendor, asked.Vendor) && strings.EqualFold(u.Product, asked.Product) &&
		(asked.Serial == "" || asked.Serial == u.Serial)
}

// identify returns the USB identity behind a port: the nearest ancestor of its device that has an idVendor.
func identify(root, path string) (USB, bool) {
	dir, err := filepath.EvalSymlinks(filepath.Join(root, filepath.Base(path), "device"))
	if err != nil {
		return USB{}, false
	}
	for ; len(dir) > 1; dir = filepath.Dir(dir) {
		vendor, err := attribute(dir, "idVendor")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		product, err2 := attribute(dir, "idProduct")
		serial, _ := attribute(dir, "serial") // many bridges have none
		return USB{Vendor: strings.ToUpper(vendor), Product: strings.ToUpper(product), Serial: serial}, err == nil && err2 == nil
	}
	return USB{}, false
}

func attribute(dir, name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(raw)), err
}
