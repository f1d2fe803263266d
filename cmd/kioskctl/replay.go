package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/vitals"
)

// replayCmd plays a capture through the real driver.
type replayCmd struct {
	Device string `required:"" enum:"contec,bci,par,suretemp" help:"Whose capture it is: contec, bci, par or suretemp."`
	File   string `arg:"" help:"The capture, in .hex form (lines of # comment, > to the device, < from it); - is standard input."`
	Raw    bool   `help:"The capture is the device's bytes themselves."`
	JSON   bool   `help:"Print the closing counts as JSON too (samples always are)."`
}

// Help implements kong.HelpProvider.
func (replayCmd) Help() string {
	return `Samples go to standard output, one JSON object a line; a number that is not there is absent. At the end, standard error tells
frames, bytes skipped and checksum failures.

Example:
  kioskctl replay --device contec session.hex
  cat dump.bin | kioskctl replay --device par --raw -`
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
	w, err := port.OpenPlayback(in, c.Raw)
	if err != nil {
		return err
	}
	d := driverFor(c.Device, w)
	out := bufio.NewWriter(os.Stdout)
	if err := errors.Join(play(d, out), out.Flush()); err != nil {
		return err
	}
	return c.close(d.Tally())
}

func play(d driver, out io.Writer) error {
	enc := json.NewEncoder(out)
	for {
		s, err := d.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := enc.Encode(sampleOf(s)); err != nil {
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
