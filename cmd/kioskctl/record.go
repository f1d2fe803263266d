package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/port"
)

// recordCmd records both directions of a device's line while its driver talks to it.
type recordCmd struct {
	Device string `required:"" help:"What is plugged in; the list is below."`
	Port   string `required:"" help:"Device file, or USB identity as vendor:product, with :serial or @socket where two are alike."`
	File   string `arg:"" help:"Where to write the capture, in .hex form."`
	Trace  bool   `help:"Show what passes on the line, with times, on standard error."`
	JSON   bool   `help:"Print the closing counts as JSON."`
}

// Help implements kong.HelpProvider.
func (recordCmd) Help() string {
	return `Records until Ctrl-C. The line settings of the device's kind are tried in turn until it is understood. A cuff is listened to and
never told to inflate.

Example:
  kioskctl record --device contec --port 10C4:EA60 session.hex

` + knownDevices()
}

// Run implements kioskctl record.
func (c recordCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := protocolOf(c.Device)
	if err != nil {
		return err
	}
	w, err := port.OpenSerial(port.ParseName(c.Port), port.Line(p.Lines[0]))
	if err != nil {
		return err
	}
	defer w.Close() // nothing is left to write
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	t, err := c.listen(ctx, w, file, os.Stderr)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t)
	}
	fmt.Printf("%s: %d frames, %d bytes skipped, %d checksum failures\n", c.File, t.Frames, t.Skipped, t.BadChecksum)
	return nil
}

// line is a wire whose setting can be changed.
type line interface {
	port.Wire
	SetLine(l port.Line) error
}

// listen records w until ctx ends (nil) or the port fails. A device that was silent is tried with its kind's next setting, as long as none
// has given a frame; log hears of each.
func (c recordCmd) listen(ctx context.Context, w line, file, log io.Writer) (sum frame.Tally, err error) {
	p, err := protocolOf(c.Device)
	if err != nil {
		return sum, err
	}
	wire := port.Record(w, file)
	if c.Trace {
		wire = port.Trace(wire, log)
	}
	for i := 0; ; {
		l := p.Lines[i%len(p.Lines)]
		text := fmt.Sprintf("%s at %d 8%c%d", c.Device, l.Baud, l.Parity, l.StopBits)
		fmt.Fprintf(log, "recording %s; Ctrl-C ends it\n", text)
		if _, err := fmt.Fprintln(file, "#", text); err != nil {
			return sum, err
		}
		if err := w.SetLine(port.Line(l)); err != nil {
			return sum, err
		}
		t, err := follow(ctx, p.Listen(wire))
		sum = frame.Tally{Frames: sum.Frames + t.Frames, Skipped: sum.Skipped + t.Skipped, BadChecksum: sum.BadChecksum + t.BadChecksum}
		if ctx.Err() != nil {
			return sum, nil
		}
		if !errors.Is(err, frame.ErrSilent) {
			return sum, err
		}
		if sum.Frames == 0 {
			i++
		}
	}
}

// follow reads samples until there are no more.
func follow(ctx context.Context, d catalogue.Listener) (frame.Tally, error) {
	for {
		if _, err := d.Next(ctx); err != nil {
			return d.Tally(), err
		}
	}
}
