// Command kiosksim is the peripherals that a laptop lacks, and people to use them: simulated devices on ptys, scripted health workers and
// patients. The kiosk that it drives is the unmodified one.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Stamped by the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

type cli struct {
	Run     runCmd           `cmd:"" help:"Clinic, simulated peripherals and a kiosk, for a person to look at."`
	Demo    demoCmd          `cmd:"" help:"Three scripted visits with faults and a broker that goes away; prints each reading's receipts."`
	Soak    soakCmd          `cmd:"" help:"Visits while kiosk, broker and clinic are killed at random; every saved reading must be recorded once."`
	Devices devicesCmd       `cmd:"" help:"The simulated peripherals alone."`
	Version kong.VersionFlag `help:"Print version and commit."`
}

const description = `Simulated peripherals and scripted visits for the kiosk. Everything is practice.

Examples:
  kiosksim demo
  kiosksim soak --readings 30 --kills 10 --seed 7
  kiosksim devices --dir /tmp/dev`

func main() {
	var c cli
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("kiosksim"), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": version + " " + commit}, kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "kiosksim:", err)
		os.Exit(1)
	}
}
