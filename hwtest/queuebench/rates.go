package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rates measures puts per second of one and of sixteen writers, on the disk as it is.
func rates(ctx context.Context, p plan) ([]row, error) { return p.ratesOn(ctx, "disk") }

// cardRates measures the same on a simulated card.
func cardRates(ctx context.Context, p plan) (rows []row, err error) {
	where := fmt.Sprintf("card of %v", p.flush)
	if err := cardPossible(); err != nil {
		return noRates(where, err.Error()), nil
	}
	c, err := insertCard(ctx, p.dir)
	if errors.Is(err, errNoCard) {
		return noRates(where, err.Error()), nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.remove()) }()
	if err := c.server.setFlush(p.flush); err != nil {
		return nil, err
	}
	p.dir, p.slice = c.mount, p.cardSlice
	return p.ratesOn(ctx, where)
}

// crowds are the numbers of writers with their goal against the preallocated file.
var crowds = []struct {
	writers int
	goal    goal
}{{1, atLeast(0.87)}, {16, atLeast(0.8)}}

func (p plan) ratesOn(ctx context.Context, where string) (rows []row, err error) {
	for _, of := range crowds {
		progress("%s", strings.TrimSuffix(crowd(where, of.writers), ": "))
		t, err := p.compete(ctx, of.writers)
		if err != nil {
			return nil, err
		}
		rows = append(rows, rateRows(t, crowd(where, of.writers), of.goal)...)
	}
	return rows, nil
}

// noRates says in the rows why there is nothing.
func noRates(where, why string) (rows []row) {
	for _, of := range crowds {
		rows = append(rows, row{crowd(where, of.writers) + "against " + inPlace, "ratio", nil, of.goal, why})
	}
	return rows
}

func crowd(where string, writers int) string {
	if writers == 1 {
		return fmt.Sprintf("put, %s, 1 writer: ", where)
	}
	return fmt.Sprintf("put, %s, %d writers: ", where, writers)
}

// tallies are the figures of each contender by name.
type tallies map[string]*tally

type tally struct {
	perSecond []float64 // of each round
	each      []time.Duration
}

// compete lets the contenders put by turns, in rounds. The first round warms up and does not count.
func (p plan) compete(ctx context.Context, writers int) (t tallies, err error) {
	dir := filepath.Join(p.dir, fmt.Sprintf("rates-%d", writers))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	all, err := openContenders(dir, writers > 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeContenders(all)) }()
	var numbers atomic.Uint64
	for _, c := range all {
		if err := c.warm(ctx, p.warm, &numbers); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	t = tallies{}
	for round := range p.rounds + 1 {
		if round == 1 {
			t = tallies{}
		}
		for i := range all {
			c := all[(i+round)%len(all)]
			if err := t.turn(ctx, c, writers, p.slice, &numbers); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return t, nil
}

// turn lets one contender put for a while, then takes out what it put.
func (t tallies) turn(ctx context.Context, c contender, writers int, slice time.Duration, numbers *atomic.Uint64) error {
	each, took, err := putFor(ctx, c.put, writers, slice, numbers)
	if err != nil {
		return err
	}
	if t[c.name] == nil {
		t[c.name] = &tally{}
	}
	t[c.name].perSecond = append(t[c.name].perSecond, float64(len(each))/took.Seconds())
	t[c.name].each = append(t[c.name].each, each...)
	return c.settle(ctx, len(each))
}

// putFor puts from so many goroutines until the time is over. It returns how long each put took and all of them together.
func putFor(
	ctx context.Context, put func(context.Context, record) error, writers int, d time.Duration, numbers *atomic.Uint64,
) (each []time.Duration, took time.Duration, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for range writers {
		all.Go(func() {
			own, e := putUntil(ctx, put, began.Add(d), numbers)
			mu.Lock()
			defer mu.Unlock()
			each, err = append(each, own...), errors.Join(err, e)
		})
	}
	all.Wait()
	return each, time.Since(began), err
}

func putUntil(
	ctx context.Context, put func(context.Context, record) error, end time.Time, numbers *atomic.Uint64,
) (each []time.Duration, err error) {
	for start := time.Now(); start.Before(end); start = time.Now() {
		if err := errors.Join(ctx.Err(), put(ctx, makeRecord(numbers.Add(1)))); err != nil {
			return each, err
		}
		each = append(each, time.Since(start))
	}
	return each, nil
}

// rateRows are the rows of one number of writers.
func rateRows(t tallies, who string, g goal) []row {
	rate := func(c *tally) float64 { return median(c.perSecond) }
	micros := func(share float64) func(*tally) float64 {
		return func(c *tally) float64 { return float64(percentile(c.each, share)) / float64(time.Microsecond) }
	}
	return []row{
		{who + "against " + inPlace, "ratio", t.values(inPlace, func(c *tally) float64 { return ratio(c, t[inPlace]) }), g, ""},
		{who + "against " + growing, "ratio", t.values(growing, func(c *tally) float64 { return ratio(c, t[growing]) }), goal{}, ""},
		{who + "how many", "per s", t.values(inPlace, rate), goal{}, "reference: " + inPlace},
		{who + "half take less than", "us", t.values(inPlace, micros(0.5)), goal{}, "reference: " + inPlace},
		{who + "99 of 100 take less than", "us", t.values(inPlace, micros(0.99)), goal{}, "reference: " + inPlace},
	}
}

// values are a figure of all stores and of one reference.
func (t tallies) values(ref string, f func(*tally) float64) map[string]float64 {
	v := map[string]float64{reference: f(t[ref])}
	for _, name := range storeNames {
		v[name] = f(t[name])
	}
	return v
}

// ratio is the median over the rounds.
func ratio(c, ref *tally) float64 {
	each := make([]float64, len(c.perSecond))
	for i := range each {
		each[i] = c.perSecond[i] / ref.perSecond[i]
	}
	return median(each)
}

// median of at least one figure; the upper one of an even number.
func median(all []float64) float64 {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

// percentile of at least one duration; share is 0 to below 1.
func percentile(all []time.Duration, share float64) time.Duration {
	return slices.Sorted(slices.Values(all))[int(float64(len(all))*share)]
}
