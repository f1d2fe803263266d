package main

import (
	"context"
	"errors"
	"sync"

	"nabz/queue"
)

// nabz is the queue as the kiosk opens it.
type nabz struct{ q *queue.Queue }

func openNabz(dir string) (store, error) {
	q, _, err := queue.Open(dir, queue.Opts{})
	if err != nil {
		return nil, err
	}
	return &nabz{q}, nil
}

func (n *nabz) put(ctx context.Context, r record) error { return n.q.Put(ctx, r.id, r.lane, r.payload) }

// fillers is how many put at the same time, so that group commit carries them.
const fillers = 256

func (n *nabz) fill(ctx context.Context, rs []record) error {
	work := make(chan record, len(rs))
	for _, r := range rs {
		work <- r
	}
	close(work)
	var all sync.WaitGroup
	errs := make(chan error, fillers)
	for range fillers {
		all.Go(func() {
			for r := range work {
				if err := n.put(ctx, r); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	var joined error
	for err := range errs {
		joined = errors.Join(joined, err)
	}
	return joined
}

func (n *nabz) next(ctx context.Context, most int) ([]entry, error) {
	items, err := n.q.Next(ctx, queue.Any, most)
	entries := make([]entry, len(items))
	for i, it := range items {
		entries[i] = entry{it.Seq, it.ID, it.Payload}
	}
	return entries, err
}

func (n *nabz) ack(ctx context.Context, seqs ...uint64) error { return n.q.Ack(ctx, seqs...) }

func (n *nabz) close() error { return n.q.Close() }
