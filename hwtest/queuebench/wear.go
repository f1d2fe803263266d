package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// way is a way of working of which the wear is measured.
type way struct {
	name    string
	written goal // kB per reading
	flushes goal // per reading
	run     func(ctx context.Context, s store, d time.Duration, numbers *atomic.Uint64) (readings int, err error)
	writers int  // of the reference, which only puts
	slow    bool // with the card's flush time, on which it depends what waits together
}

// ways are: one by one; as the kiosk does, where the exam puts while the uplink acknowledges; and sixteen at once.
var ways = []way{
	{"put and ack by turns", atMost(6), goal{}, byTurns, 1, false},
	{"one puts, another acks", atMost(6), atMost(1.3), pipeline(1, 1), 1, true},
	{"16 writers, acks by 16", atMost(1.5), goal{}, pipeline(16, 16), 16, true},
}

// worn is what reached the disk.
type worn struct {
	readings int
	stat     blockStat
}

// wear measures what reaches the disk for a reading.
func wear(ctx context.Context, p plan) ([]row, error) {
	if err := cardPossible(); err != nil {
		return wearRows(nil, err.Error()), nil
	}
	all := map[string][]worn{}
	for _, name := range columns {
		progress("wear: %s", name)
		w, err := wearOf(ctx, p, name)
		if errors.Is(err, errNoCard) {
			return wearRows(nil, err.Error()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = w
	}
	return wearRows(all, fmt.Sprintf("reference: puts only; flushes of %v but by turns", p.flush)), nil
}

// wearOf measures one column on a card of its own.
func wearOf(ctx context.Context, p plan, name string) (all []worn, err error) {
	c, err := insertCard(ctx, p.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.remove()) }()
	if name == reference {
		return wearReference(ctx, p, c)
	}
	dir := filepath.Join(c.mount, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := openStore(name, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	numbers := &atomic.Uint64{}
	if err := fillAndDrain(ctx, s, p.warm, numbers); err != nil {
		return nil, err
	}
	for _, w := range ways {
		used, err := c.measure(p.flushOf(w), func() (int, error) { return w.run(ctx, s, p.wear, numbers) })
		if err != nil {
			return nil, err
		}
		all = append(all, used)
	}
	return all, nil
}

// wearReference measures puts into a preallocated file.
func wearReference(ctx context.Context, p plan, c *card) (all []worn, err error) {
	for i, w := range ways {
		ref, err := rawContender(inPlace, filepath.Join(c.mount, fmt.Sprint(i)), w.writers > 1)
		if err != nil {
			return nil, err
		}
		used, err := c.measure(p.flushOf(w), func() (int, error) {
			each, _, err := putFor(ctx, ref.put, w.writers, p.wear/3, &atomic.Uint64{})
			return len(each), err
		})
		if err := errors.Join(err, ref.close()); err != nil {
			return nil, err
		}
		all = append(all, used)
	}
	return all, nil
}

func (p plan) flushOf(w way) time.Duration {
	if w.slow {
		return p.flush
	}
	return 0
}

// measure runs work between two readings of the counters, with flushes that take so long.
func (c *card) measure(flush time.Duration, work func() (readings int, err error)) (worn, error) {
	before, err := c.stat()
	if err := errors.Join(err, c.server.setFlush(flush)); err != nil {
		return worn{}, err
	}
	n, err := work()
	if err := errors.Join(err, c.server.setFlush(0)); err != nil {
		return worn{}, err
	}
	after, err := c.stat()
	if err == nil && n == 0 {
		err = errors.New("no reading went through in the time given")
	}
	return worn{n, after.since(before)}, err
}

// fillAndDrain brings a store into the state in which it will stay: its files have their size, its levels are filled.
func fillAndDrain(ctx context.Context, s store, count int, numbers *atomic.Uint64) error {
	const atOnce = 1000
	for done := 0; done < count; done += atOnce {
		rs := make([]record, atOnce)
		for i := range rs {
			rs[i] = makeRecord(numbers.Add(1))
		}
		if err := s.fill(ctx, rs); err != nil {
			return err
		}
		if err := drain(ctx, s, atOnce, 100); err != nil {
			return err
		}
	}
	return nil
}

func wearRows(all map[string][]worn, note string) (rows []row) {
	for i, w := range ways {
		written, flushes, readings := map[string]float64{}, map[string]float64{}, map[string]float64{}
		for name, used := range all {
			n := float64(used[i].readings)
			written[name], flushes[name], readings[name] = used[i].stat.kilobytes()/n, float64(used[i].stat.flushes)/n, n
		}
		rows = append(rows,
			row{"written for a reading: " + w.name, "kB", written, w.written, note},
			row{"flushes for a reading: " + w.name, "", flushes, w.flushes, note},
			row{"readings in that time: " + w.name, "", readings, goal{}, ""})
	}
	return rows
}
