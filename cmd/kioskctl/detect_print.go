package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"nabz/drivers/catalogue"
	"nabz/drivers/detect"
)

// printPlaces prints a table of what is where, and the lines of kiosk.toml that name it.
func printPlaces(w io.Writer, places []place) error {
	if len(places) == 0 {
		_, err := fmt.Fprintln(w, "no serial port and no I2C bus: plug a device in, or switch the bus on")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range places {
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Where, bridge(p), p.found())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(places, func(p place) bool { return p.Why == detect.ErrSilent.Error() }) {
		fmt.Fprintln(w, "\nA cuff with a start button of its own speaks when somebody has measured: kioskctl detect --wait 2m, and press it.")
	}
	return printTables(w, places)
}

// bridge is what stands between the port and the device.
func bridge(p place) string {
	if p.Name == p.Where {
		return p.Setting
	}
	if p.Text == "" {
		return p.Name
	}
	return p.Name + " " + p.Text
}

func (p place) found() string {
	if p.Protocol == "" {
		return p.Why
	}
	s := p.Class + ": " + p.Makes
	if p.Setting != "" && p.Name != p.Where {
		s += ", " + p.Setting
	}
	return s
}

// printTables prints a table of kiosk.toml for each device; a second one of a class as comment.
func printTables(w io.Writer, places []place) error {
	var b strings.Builder
	had := map[string]bool{}
	for _, p := range places {
		if p.Protocol == "" {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("\nFor kiosk.toml:\n")
		}
		mark := ""
		if had[p.Class] {
			mark = "# " // two of one class: a person chooses
		}
		had[p.Class] = true
		for _, line := range tableOf(p) {
			if line != "" && line[0] != '#' {
				line = mark + line
			}
			b.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tableOf(p place) []string {
	lines := []string{"", "[" + p.Class + "]", fmt.Sprintf("protocol = %q", p.Protocol)}
	for _, other := range p.Also {
		lines = append(lines, "# or "+other)
	}
	switch _, chip := catalogue.FindChip(p.Protocol); {
	case chip:
		lines = append(lines, fmt.Sprintf("path = %q", p.Where), fmt.Sprintf("address = %#x", p.Address), `site = "axillary" # where the probe is put: oral, axillary, rectal, ear, forehead`)
	case p.Name == p.Where:
		lines = append(lines, fmt.Sprintf("path = %q", p.Where))
	default:
		lines = append(lines, fmt.Sprintf("usb = %q", p.Name))
	}
	return lines
}
