package hwtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Step is a check that needs a person: Ask says in one sentence what to do.
type Step struct {
	Name        string
	Description string
	Ask         string
	Run         func(ctx context.Context, p *Person) Result
}

// Move is what a person wants.
type Move string

// The moves, as they are typed. Enter is Go.
const (
	Go   Move = ""
	Skip Move = "s"
	Back Move = "b"
	Stop Move = "q"
)

// Person is who stands before the box, at the other end of a terminal. Lines that are typed come from lines, which is closed when the terminal is gone.
type Person struct {
	Lines <-chan string
	Say   func(text string)
}

// errMove is a person who wants something else than what was asked.
type errMove struct{ Move }

func (e errMove) Error() string { return "the person wants " + string(e.Move) }

// Answer asks something and gives what was typed after that. A move instead of an answer is an errMove.
func (p *Person) Answer(ctx context.Context, question string) (string, error) {
	select {
	case <-p.Lines: // typed before the question: no answer to it
	default:
	}
	p.Say(question)
	select {
	case line, open := <-p.Lines:
		line = strings.TrimSpace(line)
		if m := Move(strings.ToLower(line)); !open {
			return "", errMove{Stop}
		} else if m == Skip || m == Back || m == Stop {
			return "", errMove{m}
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Confirm asks for yes or no, until it is one of them.
func (p *Person) Confirm(ctx context.Context, question string) (bool, error) {
	for {
		line, err := p.Answer(ctx, question+" (y/n)")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(line) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// Flow is how far a guided check has come. Its zero value is at the first step.
type Flow struct {
	At   int
	Rows map[int]Row // of the steps that were done, or skipped
}

// After is the flow after a step's result and what the person then wanted: on, again, back, or to skip it. A step that is done again has its newest
// result; one that is skipped after it failed has failed.
func (f Flow) After(row Row, m Move, again bool) Flow {
	rows := map[int]Row{}
	for i, r := range f.Rows {
		rows[i] = r
	}
	if m != Back || row.Verdict != Skipped {
		rows[f.At] = row
	}
	next := f.At + 1
	switch {
	case m == Back:
		next = max(0, f.At-1)
	case again:
		next = f.At
	}
	return Flow{next, rows}
}

// stepTime is how long a step waits for what it asks for.
const stepTime = 90 * time.Second

// Guide takes a person through steps. A step that fails can be done again, taken as it is, or left; the one before can be done again at any time. It
// returns what was found; steps that were not reached are skipped.
func Guide(ctx context.Context, steps []Step, p *Person) (rows []Row) {
	var f Flow
	for f.At < len(steps) && ctx.Err() == nil {
		s := steps[f.At]
		p.Say(fmt.Sprintf("\n%d/%d  %s\n      %s", f.At+1, len(steps), s.Description, s.Ask))
		row, m := s.do(ctx, p)
		p.Say("      " + sentence(row))
		again := false
		if m == Go && row.Verdict == Fail {
			m, again = p.next(ctx)
		}
		if m == Stop {
			f = f.After(row, Go, false)
			break
		}
		f = f.After(row, m, again)
	}
	for i, s := range steps {
		row, done := f.Rows[i]
		if !done {
			row = Row{Name: s.Name, Description: s.Description, Result: skipped("the check was stopped before it")}
		}
		rows = append(rows, row)
	}
	return rows
}

// next asks what follows a step that failed.
func (p *Person) next(ctx context.Context) (m Move, again bool) {
	_, err := p.Answer(ctx, "      Enter: try again   s: go on, it has failed   b: one step back   q: stop")
	var wants errMove
	switch {
	case errors.As(err, &wants) && wants.Move != Skip:
		return wants.Move, false
	case err == nil:
		return Go, true
	}
	return Go, false
}

// do runs a step. Meanwhile the person may skip it, go back, or stop.
func (s Step) do(ctx context.Context, p *Person) (row Row, m Move) {
	row = Row{Name: s.Name, Description: s.Description}
	begun := time.Now()
	defer func() { row.Took = time.Since(begun).Seconds() }()
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	typed := make(chan string, 1)
	inner := &Person{Lines: typed, Say: p.Say}
	done := make(chan Result, 1)
	go func() { done <- s.Run(ctx, inner) }()
	left := func(m Move) (Row, Move) {
		cancel()
		<-done // it lets go of its device
		row.Result = skipped("the technician left it out")
		return row, m
	}
	for {
		select {
		case row.Result = <-done:
			return row, Go
		case line, open := <-p.Lines:
			switch m := Move(strings.ToLower(strings.TrimSpace(line))); {
			case !open:
				return left(Stop)
			case m == Skip, m == Back, m == Stop:
				return left(m)
			}
			select {
			case typed <- line:
			default: // one waits already
			}
		}
	}
}

// sentence says what came of a step.
func sentence(r Row) string {
	switch r.Verdict {
	case Pass:
		return "good" + inBrackets(r.Values)
	case Skipped:
		return "left out: " + r.Why
	}
	return "NOT GOOD: " + r.Why + ". " + r.Do + inBrackets(r.Values)
}

func inBrackets(values []Value) string {
	var all []string
	for _, v := range values {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", v.Name, v.Number, v.Unit)))
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}
