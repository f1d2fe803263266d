package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// pile is what was found with many items waiting.
type pile struct {
	filled          float64 // per s
	cold, killed    float64 // s to open
	first           float64 // ms until the first item, cold
	small, large    float64 // MB resident
	idle            float64 // ms of CPU per s
	drained         float64 // per s
	before, emptied float64 // MB on disk
}

// backlog measures stores with many items, one after the other.
func backlog(ctx context.Context, p plan) ([]row, error) {
	all := map[string]pile{}
	for _, name := range storeNames {
		found, err := p.pileUp(ctx, name)
		if err != nil {
			return nil, err
		}
		all[name] = found
	}
	return pileRows(p, all), nil
}

// pileUp fills a store in two steps, measures, empties it and removes it.
func (p plan) pileUp(ctx context.Context, name string) (found pile, err error) {
	c := child{store: name, dir: filepath.Join(p.dir, "backlog-"+name)}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	for _, step := range []func(context.Context, child, *pile) error{p.fillUp, p.openCold, p.openKilled, p.watchIdle, p.empty} {
		if err := step(ctx, c, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

func (p plan) fillUp(ctx context.Context, c child, found *pile) (err error) {
	progress("backlog: %s is filled with %d", c.store, p.large)
	few, rest := c, c
	few.count, rest.from, rest.count = p.small, p.small, p.large-p.small
	if _, err := few.do(ctx, "fill"); err != nil {
		return err
	}
	r, err := c.do(ctx, "open")
	if err != nil {
		return err
	}
	found.small = r.Resident / 1000
	if r, err = rest.do(ctx, "fill"); err != nil {
		return err
	}
	found.filled = r.PerSec
	found.before, err = spaceUsed(c.dir)
	return err
}

func (p plan) openCold(ctx context.Context, c child, found *pile) error {
	progress("backlog: %s is opened", c.store)
	var open, first []float64
	for range p.opens {
		if err := forget(c.dir); err != nil {
			return err
		}
		r, err := c.do(ctx, "open")
		if err != nil {
			return err
		}
		open, first = append(open, r.Open), append(first, r.First)
	}
	found.cold, found.first = median(open), median(first)
	return nil
}

// openKilled leaves p.opens more items in the store.
func (p plan) openKilled(ctx context.Context, c child, found *pile) error {
	var open []float64
	for i := range p.opens {
		one := c
		one.from = p.large + i
		if err := one.putAndKill(ctx); err != nil {
			return err
		}
		r, err := c.do(ctx, "open")
		if err != nil {
			return err
		}
		open = append(open, r.Open)
	}
	found.killed = median(open)
	return nil
}

func (p plan) watchIdle(ctx context.Context, c child, found *pile) error {
	c.idle = p.idle
	r, err := c.do(ctx, "open")
	found.large, found.idle = r.Resident/1000, r.Idle
	return err
}

func (p plan) empty(ctx context.Context, c child, found *pile) error {
	progress("backlog: %s is drained", c.store)
	c.count = p.large + p.opens
	r, err := c.do(ctx, "drain")
	if err != nil {
		return err
	}
	found.drained = r.PerSec
	found.emptied, err = spaceUsed(c.dir)
	return err
}

func pileRows(p plan, all map[string]pile) []row {
	values := func(f func(pile) float64) map[string]float64 {
		v := map[string]float64{}
		for name, found := range all {
			v[name] = f(found)
		}
		return v
	}
	few, many := fmt.Sprintf("%d k waiting: ", p.small/1000), fmt.Sprintf("%d k waiting: ", p.large/1000)
	return []row{
		{many + "open, cold", "s", values(func(f pile) float64 { return f.cold }), below(0.5), "median; " + howForgotten()},
		{many + "open after kill -9", "s", values(func(f pile) float64 { return f.killed }), below(0.1), "median"},
		{many + "first item after cold open", "ms", values(func(f pile) float64 { return f.first }), goal{}, "median"},
		{few + "resident", "MB", values(func(f pile) float64 { return f.small }), goal{}, "VmRSS; an idle Go process has 5 or so"},
		{many + "resident", "MB", values(func(f pile) float64 { return f.large }), goal{}, "VmRSS"},
		{many + "idle CPU", "ms/s", values(func(f pile) float64 { return f.idle }), goal{}, ""},
		{many + "fill", "per s", values(func(f pile) float64 { return f.filled }), goal{}, "nabz: 256 writers; others: 1,000 in a commit"},
		{many + "drain by 100", "per s", values(func(f pile) float64 { return f.drained }), goal{}, ""},
		{many + "space, full", "MB", values(func(f pile) float64 { return f.before }), goal{}, payloadsAre(p)},
		{many + "space, drained and closed", "MB", values(func(f pile) float64 { return f.emptied }), goal{}, ""},
	}
}

func payloadsAre(p plan) string { return fmt.Sprintf("payloads are %d", p.large*payloadSize/1_000_000) }
