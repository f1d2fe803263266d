package port

import (
	"regexp"
	"strings"
)

// USB is the identity of a USB device. Vendor and Product are four hexadecimal digits, in upper case where this package gives them; Serial and
// Socket may be empty for any. Socket is where the device is plugged in, as the kernel names it: 1-1.2 is the second port of the hub at the
// first port of bus 1, and 1-1.2:1.1 one of several lines of the device there. It tells two bridges apart that have no serial numbers.
type USB struct{ Vendor, Product, Serial, Socket string }

// String is the identity as kiosk.toml has it: vendor:product, with :serial and @socket where they are known.
func (u USB) String() string {
	if u == (USB{}) {
		return ""
	}
	s := u.Vendor + ":" + u.Product
	if u.Serial != "" {
		s += ":" + u.Serial
	}
	if u.Socket != "" {
		s += "@" + u.Socket
	}
	return s
}

var usbForm = regexp.MustCompile(`^([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+?))?(?:@([0-9]+-[0-9.]+(?::[0-9.]+)?))?$`)

// ParseUSB reads what String writes, hexadecimal digits in either case; false when s is none.
func ParseUSB(s string) (USB, bool) {
	m := usbForm.FindStringSubmatch(s)
	if m == nil {
		return USB{}, false
	}
	return USB{Vendor: strings.ToUpper(m[1]), Product: strings.ToUpper(m[2]), Serial: m[3], Socket: m[4]}, true
}

// ParseName reads a port as a person writes it: a USB identity, or else the path of a device file.
func ParseName(s string) Name {
	if u, ok := ParseUSB(s); ok {
		return Name{USB: u}
	}
	return Name{Path: s}
}

// Is says whether a device is the one that was asked for. Hexadecimal digits may be asked for in either case; a serial number is text; the
// socket of a device is that of all its lines.
func (u USB) Is(asked USB) bool {
	return strings.EqualFold(u.Vendor, asked.Vendor) && strings.EqualFold(u.Product, asked.Product) &&
		(asked.Serial == "" || asked.Serial == u.Serial) && inSocket(u.Socket, asked.Socket)
}

func inSocket(socket, asked string) bool {
	return asked == "" || socket == asked || strings.HasPrefix(socket, asked+":")
}
