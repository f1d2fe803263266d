package hwtest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Check is one thing that is tested.
type Check struct {
	Name        string // in reports and scripts
	Description string // one sentence for a technician
	Needs       string // the check that has to pass before this one makes sense; empty is none
	Beside      bool   // it may run beside others that may, since it waits for a wire of its own
	Run         func(ctx context.Context) Result
}

// Verdict is how a check ended.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Skipped Verdict = "skipped" // it could not be run, or a person did not want it
)

// Result is what a check found.
type Result struct {
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"` // of what is not good
	Do      string  `json:"do,omitempty"`  // what helps
	Values  []Value `json:"values,omitempty"`
	Device  *Device `json:"device,omitempty"` // which one it was
}

// Value is one number that was measured, and its limit.
type Value struct {
	Name   string `json:"name"`
	Number string `json:"number"`
	Unit   string `json:"unit,omitempty"`
	Limit  string `json:"limit,omitempty"`
}

// Device is what a device says of itself, and what the site wrote down.
type Device struct {
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Serial       string `json:"serial,omitempty"`
	Firmware     string `json:"firmware,omitempty"`
	Protocol     string `json:"protocol,omitempty"`
	Port         string `json:"port,omitempty"`
	Due          string `json:"calibrationDue,omitempty"` // a date
}

func passed(values ...Value) Result { return Result{Verdict: Pass, Values: values} }

func failed(why, do string, values ...Value) Result {
	return Result{Verdict: Fail, Why: why, Do: do, Values: values}
}

func skipped(why string) Result { return Result{Verdict: Skipped, Why: why} }

func (r Result) of(d *Device) Result {
	r.Device = d
	return r
}

func number(name string, n any, unit, limit string) Value {
	text := fmt.Sprint(n)
	if f, ok := n.(float64); ok {
		text = fmt.Sprintf("%.1f", f)
	}
	return Value{name, text, unit, limit}
}

func duration(name string, d, limit time.Duration) Value {
	v := Value{Name: name, Number: fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)), Unit: "ms"}
	if limit > 0 {
		v.Limit = fmt.Sprintf("at most %d ms", limit.Milliseconds())
	}
	return v
}

// Row is a check and what it found.
type Row struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Result
	Took float64 `json:"seconds"`
}

// longest is how long one quick check may take.
const longest = 40 * time.Second

// Run runs checks one after another, and those that stand side by side and may, at once. One that fails ends no other but those that need it. told is called
// with each row as it is known; it may be nil.
func Run(ctx context.Context, checks []Check, told func(Row)) (rows []Row) {
	good := map[string]bool{}
	for len(checks) > 0 {
		n := 1
		for checks[0].Beside && n < len(checks) && checks[n].Beside {
			n++
		}
		for _, row := range together(ctx, checks[:n], good) {
			good[row.Name] = row.Verdict == Pass
			rows = append(rows, row)
			if told != nil {
				told(row)
			}
		}
		checks = checks[n:]
	}
	return rows
}

// together runs checks at once and gives their rows in order.
func together(ctx context.Context, checks []Check, good map[string]bool) []Row {
	rows := make([]Row, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		rows[i] = Row{Name: c.Name, Description: c.Description}
		switch {
		case ctx.Err() != nil:
			rows[i].Result = skipped("the check was stopped")
		case c.Needs != "" && !good[c.Needs]:
			rows[i].Result = skipped(c.Needs + " has to be good first")
		default:
			running.Go(func() { rows[i].Result, rows[i].Took = c.timed(ctx) })
		}
	}
	running.Wait()
	return rows
}

func (c Check) timed(ctx context.Context) (Result, float64) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	r := c.Run(ctx)
	return r, time.Since(begun).Seconds()
}
