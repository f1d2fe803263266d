package main

import (
	"fmt"
	"strings"

	"nabz/drivers/catalogue"
)

// protocolOf finds a device by its name.
func protocolOf(name string) (catalogue.Protocol, error) {
	p, ok := catalogue.Find(name)
	if !ok {
		return p, fmt.Errorf("device %q is not known: use one of %s", name, strings.Join(catalogue.Names(""), ", "))
	}
	return p, nil
}

// knownDevices lists the names for a command's help.
func knownDevices() string {
	var b strings.Builder
	b.WriteString("Devices:\n")
	for _, p := range catalogue.All() {
		fmt.Fprintf(&b, "  %-14s%s\n", p.Name, p.Makes)
	}
	return b.String()
}

// knownChips lists those of I2C buses.
func knownChips() string {
	var b strings.Builder
	b.WriteString("On I2C (--i2c):\n")
	for _, c := range catalogue.Chips() {
		fmt.Fprintf(&b, "  %-14s%s\n", c.Name, c.Makes)
	}
	return b.String()
}
