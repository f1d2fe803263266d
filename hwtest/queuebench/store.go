package main

import (
	"context"
	"fmt"
)

// store is what is compared. It is safe for concurrent use.
type store interface {
	// put stores a record; nil means that it is on stable storage. The id of an item that waits again is a no-op.
	put(ctx context.Context, r record) error
	// fill stores many records as quickly as the store can; nil means that all are on stable storage.
	fill(ctx context.Context, rs []record) error
	// next returns up to most waiting items, urgent first, oldest first, and leaves them; it waits until there is one.
	next(ctx context.Context, most int) ([]entry, error)
	// ack removes items; nil means that this is on stable storage.
	ack(ctx context.Context, seqs ...uint64) error
	close() error
}

// storeNames are the contenders in the order of the table's columns.
var storeNames = []string{"nabz", "sqlite", "bbolt"}

// openStore opens the store of that name in dir, which is there.
func openStore(name, dir string) (store, error) {
	open, known := map[string]func(string) (store, error){"nabz": openNabz, "sqlite": openSQLite, "bbolt": openBolt}[name]
	if !known {
		return nil, fmt.Errorf("no store %q", name)
	}
	s, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return s, nil
}

// drain takes out count items in batches and acknowledges each batch.
func drain(ctx context.Context, s store, count, batch int) error {
	for count > 0 {
		items, err := s.next(ctx, min(batch, count))
		if err != nil {
			return err
		}
		if err := s.ack(ctx, seqsOf(items)...); err != nil {
			return err
		}
		count -= len(items)
	}
	return nil
}

func seqsOf(items []entry) []uint64 {
	seqs := make([]uint64, len(items))
	for i, it := range items {
		seqs[i] = it.seq
	}
	return seqs
}
