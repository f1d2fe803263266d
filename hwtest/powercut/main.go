// Command powercut takes the power of virtual kiosks, again and again, and holds each to what it promised. Seeds are printed; the image of a
// failing card is kept.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/alecthomas/kong"

	"nabz/hwtest/powercut/card"
	"nabz/hwtest/powercut/machine"
)

type cli struct {
	Cuts   int    `default:"40" help:"How often the power goes."`
	States int    `default:"60" help:"Crash states to check of a recorded run."`
	Dir    string `default:".nabz/powercut" help:"Folder for what is downloaded, machines and cards."`
	Seed   uint64 `help:"Repeat a run: what the last one printed."`
	Visits int    `default:"4" help:"How often the power goes during visits at an unmodified kiosk."`
	Pis    int    `default:"0" help:"How often the power goes of a Raspberry Pi with its own card slot."`
	Guest  string `default:"bin/guest" help:"The machine's first process, built for linux/arm64."`
	Kiosk  string `default:"bin/guest-kiosk" help:"The kiosk, built for linux/arm64."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("powercut"), kong.Description("Cuts the power of virtual kiosks and counts what is lost."), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	k.FatalIfErrorf(c.run(ctx))
}

func (c *cli) run(ctx context.Context) error {
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fmt.Printf("powercut: %d cuts, seed %d\n", c.Cuts, c.Seed)
	b, err := c.bench(ctx)
	if err != nil {
		return err
	}
	var rows []row
	for i, p := range c.plan() {
		run := b.series
		if p.kiosk {
			run = b.visits
		}
		r, err := run(ctx, p, rand.New(rand.NewPCG(c.Seed, uint64(i))))
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if c.States > 0 {
		r, err := b.replay(ctx, c.States, rand.New(rand.NewPCG(c.Seed, 1<<32)))
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	return verdict(rows)
}

// bench is what all series share.
type bench struct {
	dir      string
	kit      *machine.Kit
	initrd   string
	snapshot *machine.Snapshot
	out      *outside
}

func (c *cli) bench(ctx context.Context) (*bench, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "run"), 0o700); err != nil {
		return nil, err
	}
	kit, err := machine.Prepare(ctx, filepath.Join(dir, "cache"))
	if err != nil {
		return nil, err
	}
	b := &bench{dir: filepath.Join(dir, "run"), kit: kit, initrd: filepath.Join(dir, "run", "initrd")}
	if b.out, err = newOutside(filepath.Join(b.dir, "outside")); err != nil {
		return nil, err
	}
	if err := kit.Initrd(b.initrd, c.Guest, map[string]string{"kiosk": c.Kiosk, "kiosk.toml": b.out.config()}); err != nil {
		return nil, err
	}
	return b, b.park(ctx)
}

// plan shares the cuts out among ways of losing, and adds the controls, which must be caught.
func (c *cli) plan() []plan {
	var all []plan
	share := c.Cuts / (len(card.Modes) + 2)
	for _, m := range card.Modes {
		all = append(all, plan{name: "queue", mode: m, cuts: share})
	}
	all = append(all,
		plan{name: "visits at a kiosk", mode: "all", cuts: c.Visits, kiosk: true},
		plan{name: "nearly full", mode: card.Sectors, cuts: share, fill: 34},
		plan{name: "history trimmed", mode: card.Writes, cuts: c.Cuts - share*(len(card.Modes)+1), quota: 6, begin: 1500},
		plan{name: "Raspberry Pi's card slot", mode: card.Torn, cuts: c.Pis, pi: true},
		plan{name: "control: card lies, visits", mode: "all", cuts: min(c.Visits/10, 1), kiosk: true, lies: true, control: true},
		plan{name: "control: nothing flushed", mode: card.DropAll, cuts: 1, noFlush: true, control: true},
		plan{name: "control: card lies", mode: card.DropAll, cuts: 1, lies: true, control: true},
		plan{name: "control: card lies", mode: card.Sectors, cuts: 1, lies: true, control: true},
	)
	return slices.DeleteFunc(all, func(p plan) bool { return p.cuts == 0 })
}
