// Command hil runs the unmodified kiosk on Debian's kernel in QEMU with the outside world simulated on this machine: chips on an I2C adapter that the kernel
// drives over USB, a cuff behind a USB serial bridge that is plugged and pulled, GPIO lines with real edges, and a watchdog that resets the machine. It prints
// each fact, and fails at the first that is not so.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"nabz/hwtest/powercut/machine"
)

type cli struct {
	Dir    string `default:".nabz/hil" help:"Folder for machines and cards."`
	Cache  string `default:".nabz/powercut/cache" help:"Folder for the kernel, shared with the power-cut rig."`
	Guest  string `default:"bin/guest" help:"The machine's first process, built for linux/arm64."`
	Kiosk  string `default:"bin/guest-kiosk" help:"The kiosk, built for linux/arm64."`
	Visits int    `default:"12" help:"Visits for the measurement of what a reading writes."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("hil"), kong.Description("The unmodified kiosk on a real kernel, with simulated hardware around it."), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	k.FatalIfErrorf(c.run(ctx))
}

// limit is how long all of it may take on a loaded machine.
const limit = 10 * time.Minute

func (c *cli) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	kit, err := machine.Prepare(ctx, c.Cache, machine.WireModules...)
	if err != nil {
		return err
	}
	r, err := newRig(dir, kit)
	if err != nil {
		return err
	}
	if err := kit.Initrd(r.opts.Initrd, c.Guest, map[string]string{"kiosk": c.Kiosk, "kiosk.toml": r.config()}); err != nil {
		return err
	}
	if err := r.outside(ctx); err != nil {
		return err
	}
	defer r.end()
	begun := time.Now()
	for _, f := range []struct {
		name string
		run  func(context.Context) (string, error)
	}{
		{"boot", r.boot},
		{"thermometer", r.thermometer},
		{"mains", r.mains},
		{"lamp", r.lamp},
		{"unplug", r.unplug},
		{"wear", func(ctx context.Context) (string, error) { return r.wear(ctx, c.Visits) }},
		{"watchdog", r.watchdog},
		{"resume", r.resume},
	} {
		what, err := f.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w: see %s", f.name, err, dir)
		}
		fmt.Printf("hil: %5.1f s  %-12s %s\n", time.Since(begun).Seconds(), f.name, what)
	}
	return nil
}
