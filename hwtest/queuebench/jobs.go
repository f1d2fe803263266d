package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// fill puts count records and closes the store.
func (c child) fill(ctx context.Context, _ io.Writer) (report, error) {
	return c.timed(func(s store) error {
		const atOnce = 1000
		for done := 0; done < c.count; done += atOnce {
			rs := make([]record, min(atOnce, c.count-done))
			for i := range rs {
				rs[i] = makeRecord(uint64(c.from + done + i))
			}
			if err := s.fill(ctx, rs); err != nil {
				return err
			}
		}
		return nil
	})
}

// drainTime bounds a drain: a store that lost an item would wait for it without end.
const drainTime = 10 * time.Minute

// drain takes count items out by hundreds and closes the store.
func (c child) drain(ctx context.Context, _ io.Writer) (report, error) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	return c.timed(func(s store) error { return drain(ctx, s, c.count, 100) })
}

// timed opens the store, works, and closes it; only the work is timed.
func (c child) timed(work func(store) error) (r report, err error) {
	s, err := openStore(c.store, c.dir)
	if err != nil {
		return r, err
	}
	began := time.Now()
	err = work(s)
	r.PerSec = float64(c.count) / time.Since(began).Seconds()
	return r, errors.Join(err, s.close())
}

// isPut is what the put job says before it waits to be killed.
const isPut = "put"

// put opens the store, puts one record, says so and waits to be killed.
func (c child) put(ctx context.Context, out io.Writer) (report, error) {
	s, err := openStore(c.store, c.dir)
	if err != nil {
		return report{}, err
	}
	if err := s.put(ctx, makeRecord(uint64(c.from))); err != nil {
		return report{}, errors.Join(err, s.close())
	}
	if _, err := fmt.Fprintln(out, isPut); err != nil {
		return report{}, errors.Join(err, s.close())
	}
	<-ctx.Done()
	return report{}, errors.Join(ctx.Err(), s.close())
}
