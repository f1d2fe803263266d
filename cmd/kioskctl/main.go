// Command kioskctl is the technician's tool: what the kiosk is doing, what waits in its queue, and what a device really says.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

// Stamped by the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

type cli struct {
	Status       statusCmd        `cmd:"" help:"Devices, link, queue and clock of the running kiosk in one look."`
	Check        checkCmd         `cmd:"" help:"Is this box good? Devices, card, supply, clock, and the way to the record."`
	Bundle       bundleCmd        `cmd:"" help:"One file for somebody far away who looks for a fault; without patients, PINs and keys."`
	Queue        queueCmd         `cmd:"" help:"What waits, what is parked, and why."`
	Evidence     evidenceCmd      `cmd:"" help:"What the device really sent for a reading."`
	Audit        auditCmd         `cmd:"" help:"Who did what at this kiosk, and whether the record of it is whole."`
	Pin          pinCmd           `cmd:"" help:"The hash of a PIN, for kiosk.toml."`
	Detect       detectCmd        `cmd:"" help:"What is plugged in where, and the lines of kiosk.toml for it."`
	Replay       replayCmd        `cmd:"" help:"Play a capture through a device's driver and print one JSON object per sample."`
	Record       recordCmd        `cmd:"" help:"Record what a device sends, for replay."`
	Enrol        enrolCmd         `cmd:"" help:"Make this box a kiosk of a programme, or go on with that."`
	Label        labelCmd         `cmd:"" help:"A label for this box, and its line in the inventory."`
	Request      requestCmd       `cmd:"" help:"Make a key, and the request for its certificate."`
	Profile      profileCmd       `cmd:"" help:"What headquarters says of a site: sign it, look at it."`
	SealKey      sealKeyCmd       `cmd:"" help:"The key of a clinic that opens what kiosks seal."`
	Authority    authorityCmd     `cmd:"" help:"The programme's own certificate authority, at headquarters."`
	BrokerConfig brokerConfigCmd  `cmd:"" help:"The rules of a broker by which a kiosk speaks only for itself."`
	Version      kong.VersionFlag `help:"Print version and commit."`
}

const description = `The technician's tool.

Examples:
  kioskctl enrol
  kioskctl status
  kioskctl check
  kioskctl detect
  kioskctl queue parked
  kioskctl record --device contec --port 10C4:EA60 session.hex
  kioskctl replay --device contec session.hex`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c cli
	parser := kong.Must(&c, kong.Name("kioskctl"), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": version + " " + commit})
	k, err := parser.Parse(args)
	parser.FatalIfErrorf(err)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "kioskctl:", err)
		return 1
	}
	return 0
}
