package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"nabz/drivers/catalogue"
	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/thermometer"
	"nabz/drivers/vitals"
)

// replayCmd plays a capture through the real driver.
type replayCmd struct {
	Device string `required:"" help:"Whose capture it is; the list is below."`
	File   string `arg:"" help:"The capture, in .hex form (lines of # comment, > to the device, < from it); - is standard input."`
	I2C    bool   `name:"i2c" help:"The capture is a transcript of an I2C bus: > address and bytes written, < address and bytes read, ! what failed."`
	Raw    bool   `help:"The capture is the device's bytes themselves."`
	JSON   bool   `help:"Print the closing counts as JSON too (samples always are)."`
}

// Help implements kong.HelpProvider.
func (replayCmd) Help() string {
	return `Samples go to standard output, one JSON object a line; a number that is not there is absent. At the end, standard error tells
frames, bytes skipped and checksum failures.

Example:
  kioskctl replay --device contec session.hex
  cat dump.bin | kioskctl replay --device par --raw -
  kioskctl replay --device mlx90614 --i2c dump.txt

` + knownDevices() + "\n" + knownChips()
}

// Run implements kioskctl replay.
func (c replayCmd) Run() error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close() // read only
		in = f
	}
	out := bufio.NewWriter(os.Stdout)
	if c.I2C {
		return errors.Join(c.playBus(in, out), out.Flush())
	}
	p, err := protocolOf(c.Device)
	if err != nil {
		return err
	}
	w, err := port.OpenPlayback(in, c.Raw)
	if err != nil {
		return err
	}
	d := p.Listen(w)
	if err := errors.Join(play(d, out), out.Flush()); err != nil {
		return err
	}
	return c.close(d.Tally())
}

// playBus plays a transcript of a bus.
func (c replayCmd) playBus(in io.Reader, out io.Writer) error {
	chip, ok := catalogue.FindChip(c.Device)
	if !ok {
		return fmt.Errorf("%q is not on I2C: use one of %s", c.Device, strings.Join(catalogue.ChipNames(), ", "))
	}
	bus, err := thermometer.ParseTranscript(in)
	if err != nil {
		return err
	}
	err = play(chip.New(bus, catalogue.ChipOpts{Address: bus.First()}), out)
	if !errors.Is(err, thermometer.ErrDiverged) {
		return err
	}
	fmt.Fprintln(os.Stderr, "not a recording of nabz: its registers are shown as they come, and nothing judges them")
	enc := json.NewEncoder(out)
	return bus.Dump(thermometer.Chip(chip.Name), func(s vitals.Sample) error { return enc.Encode(sampleOf(s)) })
}

func play(d catalogue.Sampler, out io.Writer) error {
	enc := json.NewEncoder(out)
	for {
		s, err := d.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		one := sampleOf(s)
		if w, ok := d.(interface{ Wave() []vitals.Pleth }); ok && len(w.Wave()) > 0 {
			one.Pleth = w.Wave()
		}
		if err := enc.Encode(one); err != nil {
			return err
		}
	}
}

func (c replayCmd) close(t frame.Tally) error {
	if c.JSON {
		return json.NewEncoder(os.Stderr).Encode(t)
	}
	_, err := fmt.Fprintf(os.Stderr, "%d frames, %d bytes skipped, %d checksum failures\n", t.Frames, t.Skipped, t.BadChecksum)
	return err
}

// sample is how replay prints a vitals.Sample: numbers in their units, absent ones left out.
type sample struct {
	Kind      string                         `json:"kind"`
	SpO2      vitals.Maybe[vitals.Percent]   `json:"spo2,omitzero"`
	Systolic  vitals.Maybe[vitals.MmHg]      `json:"systolic,omitzero"`
	Diastolic vitals.Maybe[vitals.MmHg]      `json:"diastolic,omitzero"`
	Mean      vitals.Maybe[vitals.MmHg]      `json:"mean,omitzero"`
	Pulse     vitals.Maybe[vitals.PerMinute] `json:"pulse,omitzero"`
	PI        json.Number                    `json:"pi,omitempty"` // per cent
	Pleth     []vitals.Pleth                 `json:"pleth,omitempty"`
	Cuff      vitals.Maybe[vitals.MmHg]      `json:"mmhg,omitzero"`
	Celsius   json.Number                    `json:"celsius,omitempty"`
	State     string                         `json:"state,omitempty"`
	Mode      string                         `json:"mode,omitempty"` // direct, predicted, surface
	Error     string                         `json:"error,omitempty"`
	Flags     *vitals.Flags                  `json:"flags,omitempty"`
}

func sampleOf(s vitals.Sample) sample {
	out := sample{Kind: s.Kind.String()}
	switch s.Kind {
	case vitals.KindOximetry:
		o := s.Oximetry
		out.SpO2, out.Pulse, out.PI, out.Flags = o.SpO2, o.Pulse, decimal(o.PI, 2), &s.Flags
		if v, ok := o.Pleth.Get(); ok {
			out.Pleth = []vitals.Pleth{v}
		}
	case vitals.KindBloodPressure:
		b := s.BloodPressure
		out.Systolic, out.Diastolic, out.Mean, out.Pulse, out.Error = b.Systolic, b.Diastolic, b.Mean, b.Pulse, s.Status
	case vitals.KindCuffPressure:
		out.Cuff = s.Cuff
	case vitals.KindTemperature:
		out.Celsius, out.State = decimal(s.Temperature.Value, 3), s.Status
		if s.Status == "" {
			out.Mode = string(s.Temperature.Mode)
		}
	}
	if s.Status == "" && s.Flags != 0 { // a device with a word of its own says it there
		out.Flags = &s.Flags
	}
	return out
}

// decimal writes a scaled number without trailing zeros beyond the first place: 36800 with 3 places is 36.8.
func decimal[T ~int](m vitals.Maybe[T], places int) json.Number {
	v, ok := m.Get()
	if !ok {
		return ""
	}
	text := vitals.Decimal(int(v), places)
	for text[len(text)-1] == '0' && text[len(text)-2] != '.' {
		text = text[:len(text)-1]
	}
	return json.Number(text)
}
