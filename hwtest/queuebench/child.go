package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// child is what a child process does with one store in a fresh process.
type child struct {
	store, dir  string
	from, count int           // numbers of the records
	idle        time.Duration // how long to watch the CPU
}

// report is what a child process says on its standard output.
type report struct {
	Open     float64 // s
	First    float64 // ms until the first item is out after opening
	Resident float64 // kB after that
	Idle     float64 // ms of CPU per second
	PerSec   float64 // items filled or drained
}

// jobs are what a child process can be told to do.
var jobs = map[string]func(child, context.Context, io.Writer) (report, error){
	"open": child.open, "fill": child.fill, "drain": child.drain, "put": child.put, "card": child.card,
}

// runChild is the hidden subcommand.
func runChild(ctx context.Context, args []string, out io.Writer) error {
	var c child
	flags := flag.NewFlagSet("child", flag.ContinueOnError)
	flags.StringVar(&c.store, "store", "", "nabz, sqlite or bbolt")
	flags.StringVar(&c.dir, "in", "", "its folder")
	flags.IntVar(&c.from, "from", 0, "number of the first record")
	flags.IntVar(&c.count, "count", 0, "how many")
	flags.DurationVar(&c.idle, "idle", 0, "watch the CPU so long")
	name := flags.String("do", "", "open, fill, drain or put")
	if err := flags.Parse(args); err != nil {
		return err
	}
	job, known := jobs[*name]
	if !known {
		return fmt.Errorf("child: no job %q", *name)
	}
	r, err := job(c, ctx, out)
	if err != nil {
		return fmt.Errorf("%s %s: %w", *name, c.store, err)
	}
	return json.NewEncoder(out).Encode(r)
}

// open opens the store, takes a look at the first item, and then does nothing for a while.
func (c child) open(ctx context.Context, _ io.Writer) (r report, err error) {
	began := time.Now()
	s, err := openStore(c.store, c.dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r.Open = time.Since(began).Seconds()
	began = time.Now()
	if _, err := s.next(ctx, 1); err != nil {
		return r, err
	}
	r.First = float64(time.Since(began)) / float64(time.Millisecond)
	debug.FreeOSMemory()
	if r.Resident, err = resident(); err != nil || c.idle == 0 {
		return r, err
	}
	r.Idle, err = idle(ctx, c.idle)
	return r, err
}

// settleTime lets the work of opening end before the CPU is watched.
const settleTime = 2 * time.Second

// idle returns the CPU time of this process in ms per second.
func idle(ctx context.Context, d time.Duration) (float64, error) {
	if err := pause(ctx, settleTime); err != nil {
		return 0, err
	}
	before, err := cpuTime()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pause(ctx, d); err != nil {
		return 0, err
	}
	after, err := cpuTime()
	return float64((after - before).Microseconds()) / 1000 / time.Since(began).Seconds(), err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func cpuTime() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// resident is VmRSS of this process in kB.
func resident() (float64, error) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	return parseResident(string(raw))
}

func parseResident(status string) (float64, error) {
	for line := range strings.Lines(status) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			return strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		}
	}
	return 0, errors.New("no VmRSS in /proc/self/status")
}
