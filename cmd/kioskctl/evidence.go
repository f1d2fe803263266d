package main

import (
	"net/http"
	"net/url"
	"os"
)

// evidenceCmd gives what the device really sent for a reading.
type evidenceCmd struct {
	client
	ID string `arg:"" help:"The reading's id, as queue ls and the record have it."`
}

// Help implements kong.HelpProvider.
func (evidenceCmd) Help() string {
	return `Writes the capture of the device's line from the start of that measurement to the reading, for kioskctl replay; its first line says which
device and port. The SHA-256 of the output is the "evidence" of the reading. It is kept of the newest 500 readings. It holds a patient's
values, without a name: do not leave it about.

Example:
  kioskctl evidence 0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01 > capture.hex
  head -1 capture.hex
  kioskctl replay --device contec capture.hex`
}

// Run implements kioskctl evidence.
func (c evidenceCmd) Run() error {
	capture, err := c.fetch(http.MethodGet, "/api/readings/"+url.PathEscape(c.ID)+"/evidence")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(capture)
	return err
}
