// Command queuebench compares nabz's queue with what else could keep readings on a card. In one run it gives the queue, SQLite (WAL,
// synchronous FULL) and bbolt the same work, beside the two things a disk can do at all: append with a flush, and write in place into a
// preallocated file with a flush. It prints one table.
//
//	queuebench [-short] [-json] [-only rates,card,wear,backlog] [-flush 5ms] [-dir folder]
//
// # What is measured, and how
//
//	rates    puts per second of one and of sixteen writers, in short slices by turns, so that a busy machine disturbs all of them alike;
//	         a ratio is the median over the rounds of the ratio within a round. Some thousand items go through each store beforehand, so
//	         that its files have their size, and what was put is taken out between the slices.
//	card     the same on a simulated card: ext4 on a loop device whose every flush takes 5 ms, whoever asks for it. Needs root.
//	wear     bytes and flushes that reach the device for a reading, put and ack: each store has a fresh simulated card, and the loop
//	         device's own counters are read before and after, with the file system synced at both ends. Needs root.
//	backlog  a store with very many items: the time to open it, cold and after a kill, its memory and idle CPU, how fast it drains, and
//	         the space it takes. Each of these is a process of its own.
//
// # The same work
//
// All keep payloads of 1,000 bytes with an id, a lane and a number, hand them out in order, urgent first, and remove them when they are
// acknowledged. What waits together goes into one commit, for the stores and the references alike. nabz does more: it remembers delivered
// ids, checks each item, and keeps some history.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := runTable
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "child" {
		run, args = runChild, args[1:]
	}
	if err := run(ctx, args, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "queuebench:", err)
		stop()
		os.Exit(1)
	}
}

// runTable measures and prints the table.
func runTable(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("queuebench", flag.ContinueOnError)
	short := flags.Bool("short", false, "a tenth of the backlog and fewer rounds, under 90 s")
	asJSON := flags.Bool("json", false, "print JSON")
	only := flags.String("only", "rates,card,wear,backlog", "which parts, by comma")
	flush := flags.Duration("flush", 5*time.Millisecond, "time that a flush of the simulated card takes")
	dir := flags.String("dir", os.TempDir(), "a folder on the disk to measure; 5 GB are used for a while, 1 GB with -short")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := fullPlan
	if *short {
		p = shortPlan
	}
	p.flush = *flush
	if p.dir, err = os.MkdirTemp(*dir, "queuebench-"); err != nil {
		return fmt.Errorf("make a folder to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	t := table{About: about(p)}
	for _, name := range strings.Split(*only, ",") {
		part, known := parts[name]
		if !known {
			return fmt.Errorf("no part %q: there are rates, card, wear and backlog", name)
		}
		rows, err := part(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.Rows = append(t.Rows, rows...)
	}
	t.About = append(t.About, "load at the end: "+load())
	if *asJSON {
		return t.json(out)
	}
	return t.text(out)
}

// parts are the parts of the table by name.
var parts = map[string]func(context.Context, plan) ([]row, error){
	"rates": rates, "card": cardRates, "wear": wear, "backlog": backlog,
}

// progress tells a person who waits what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
