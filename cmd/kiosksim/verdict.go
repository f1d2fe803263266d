package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

// row is one reading as its kiosk's screen shows it, and how often the clinic's record has it.
type row struct {
	kiosk  string
	copies int
	screen.Receipt
}

// saved reads from every kiosk what it called saved, and from the record folder how often each stands there.
func (s *site) saved(ctx context.Context) ([]row, error) {
	record, err := stage.Copies(s.data)
	if err != nil {
		return nil, err
	}
	var all []row
	for _, k := range s.kiosks {
		state, err := stage.NewWorker(k.url).State(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range state.Receipts {
			if r.Saved != nil {
				all = append(all, row{kiosk: k.name, copies: record[k.name+"-"+r.Entry], Receipt: r})
			}
		}
	}
	return all, nil
}

// settle waits until every saved reading is recorded, or until patience ends; it returns what there then is.
func (s *site) settle(ctx context.Context, patience time.Duration) ([]row, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		rows, err := s.saved(ctx)
		if err == nil && !slices.ContainsFunc(rows, func(r row) bool { return r.Recorded == nil }) {
			return rows, nil
		}
		if ctx.Err() != nil {
			return rows, err
		}
		stage.Wait(ctx, stage.Glance)
	}
}

// judge says what is wrong with the rows: each must be in the record exactly once.
func judge(rows []row, atLeast int) error {
	lost, twice := 0, 0
	for _, r := range rows {
		switch {
		case r.copies == 0:
			lost++
		case r.copies > 1:
			twice++
		}
	}
	if lost+twice > 0 {
		return fmt.Errorf("of %d saved readings %d are not in the record and %d are there more than once", len(rows), lost, twice)
	}
	if len(rows) < atLeast {
		return fmt.Errorf("only %d readings were saved, want at least %d", len(rows), atLeast)
	}
	return nil
}

// printRows prints the table of readings and their receipt steps.
func printRows(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kiosk\treading\tid\tsaved\tsent\trecorded\tseen\tin the record")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t…%s\t%s\t%s\t%s\t%s\t%d\n",
			r.kiosk, r.Kind, r.Entry[24:], at(r.Saved), at(r.Sent), at(r.Recorded), at(r.Seen), r.copies)
	}
	t.Flush()
}

func at(t *time.Time) string {
	if t == nil {
		return "--"
	}
	return t.Format("15:04:05.000")
}
