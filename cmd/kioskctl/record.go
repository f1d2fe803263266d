package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"nabz/drivers/port"
)

// recordCmd records both directions of a device's line while its driver talks to it.
type recordCmd struct {
	Device string `required:"" enum:"contec,bci,par,suretemp" help:"What is plugged in: contec, bci, par or suretemp."`
	Port   string `required:"" help:"Device file, or USB identity as vendor:product or vendor:product:serial."`
	File   string `arg:"" help:"Where to write the capture, in .hex form."`
	Trace  bool   `help:"Show what passes on the line, with times, on standard error."`
	JSON   bool   `help:"Print the closing counts as JSON."`
}

// Help implements kong.HelpProvider.
func (recordCmd) Help() string {
	return `Records until Ctrl-C. A cuff is listened to and never told to inflate.

Example:
  kioskctl record --device contec --port 10C4:EA60 session.hex`
}

// Run implements kioskctl record.
func (c recordCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w, err := port.OpenSerial(nameOf(c.Port), port.Line(driverFor(c.Device, nil).Lines()[0]))
	if err != nil {
		return err
	}
	defer w.Close() // nothing is left to write
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	wire := port.Record(w, file)
	if c.Trace {
		wire = port.Trace(wire, os.Stderr)
	}
	d := driverFor(c.Device, wire)
	for err == nil {
		_, err = d.Next(ctx)
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	t := d.Tally()
	if c.JSON {
		return printJSON(t)
	}
	fmt.Printf("%s: %d frames, %d bytes skipped, %d checksum failures\n", c.File, t.Frames, t.Skipped, t.BadChecksum)
	return nil
}

// nameOf reads a port as a person writes it.
func nameOf(s string) port.Name {
	id := strings.SplitN(s, ":", 3)
	if strings.HasPrefix(s, "/") || len(id) < 2 {
		return port.Name{Path: s}
	}
	u := port.USB{Vendor: strings.ToUpper(id[0]), Product: strings.ToUpper(id[1])}
	if len(id) == 3 {
		u.Serial = id[2]
	}
	return port.Name{USB: u}
}
