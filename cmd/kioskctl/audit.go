package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"

	"nabz/firmware/audit"
)

// auditCmd says who did what, and whether the record of it is whole.
type auditCmd struct {
	client
	Last int `default:"50" help:"How many of the newest acts are printed; 0 is all."`
}

// Help implements kong.HelpProvider.
func (auditCmd) Help() string {
	return `Prints the newest acts: who signed in, opened a visit, stored, typed or withdrew a reading, and what the technician changed; workers, visits and
readings by id, and never a patient or a value. It ends with an error when a line was changed or taken out.

Example:
  kioskctl audit --last 20`
}

// Run implements kioskctl audit.
func (c auditCmd) Run() error {
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
