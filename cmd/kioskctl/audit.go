package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"

	"nabz/firmware/audit"
)

// auditCmd is about who did what.
type auditCmd struct {
	Show   auditShowCmd   `cmd:"" default:"withargs" help:"The newest acts at the running kiosk."`
	Verify auditVerifyCmd `cmd:"" help:"Whether a record is whole, off line: a kiosk's audit.log, or what a clinic keeps of it."`
}

type auditVerifyCmd struct {
	File []string `arg:"" type:"existingfile" help:"The record; where it was continued, the older file first."`
}

// Help implements kong.HelpProvider.
func (auditVerifyCmd) Help() string {
	return `Each line has the hash of the line before. A line that was changed or taken out is named; a record that was cut is whole up to there. Two records of the same kiosk, its own and the
clinic's, that end alike are the same.

Examples:
  kioskctl audit verify /var/lib/nabz/live/audit.log
  kioskctl audit verify /var/lib/nabz-clinic/audit/kiosks/bhu-12.ndjson`
}

// Run implements kioskctl audit verify.
func (c auditVerifyCmd) Run() error {
	var all []byte
	for _, file := range c.File {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		all = append(all, raw...)
	}
	whole := all[:bytes.LastIndexByte(all, '\n')+1]
	var first, last *audit.Entry
	n := 0
	broken := audit.Read(bytes.NewReader(whole), func(e audit.Entry) {
		if n++; first == nil {
			first = &e
		}
		last = &e
	})
	if last == nil {
		return errors.Join(errors.New("no line of an audit"), broken)
	}
	lines := bytes.Split(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	fmt.Printf("%d lines, %d to %d, hang together; the last has the hash %x\n", n, first.N, last.N, sha256.Sum256(lines[n-1]))
	if cut := len(all) - len(whole); cut > 0 {
		fmt.Printf("the %d bytes behind them are a line that was cut\n", cut)
	}
	return broken
}

// auditShowCmd says who did what, and whether the record of it is whole.
type auditShowCmd struct {
	client
	Last int `default:"50" help:"How many of the newest acts are printed; 0 is all."`
}

// Help implements kong.HelpProvider.
func (auditShowCmd) Help() string {
	return `Prints the newest acts: who signed in, opened a visit, stored, typed or withdrew a reading, and what the technician changed; workers, visits and
readings by id, and never a patient or a value. It ends with an error when a line was changed or taken out.

Example:
  kioskctl audit --last 20`
}

// Run implements kioskctl audit.
func (c auditShowCmd) Run() error {
	raw, err := c.fetch(http.MethodGet, "/api/audit")
	if err != nil {
		return err
	}
	return printAudit(os.Stdout, raw, c.Last)
}

func printAudit(w io.Writer, raw []byte, last int) error {
	var acts []audit.Entry
	broken := audit.Read(bytes.NewReader(raw), func(e audit.Entry) { acts = append(acts, e) })
	if last > 0 && len(acts) > last {
		acts = acts[len(acts)-last:]
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range acts {
		done := "done"
		if !e.OK {
			done = "refused"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", e.N, e.At.Wall.Format("2006-01-02 15:04:05"), e.Who, e.Did, done, e.What)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return broken
}
