package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// write is one change on its way through the writer. apply checks before it changes anything, so that a refused change leaves the others
// of its transaction alone.
type write struct {
	apply     func(*tx) error
	size      int  // rough bytes, to bound a transaction
	needsRoom bool // refused when the disk is nearly full
	done      chan error
}

// tx is the transaction that a batch of writes shares. What becomes true with its commit is noted in after.
type tx struct {
	*badger.Txn
	last  uint64   // highest number given in this transaction
	after []func() // run under the queue's lock once the commit is on stable storage
}

// A batch holds at most this much, well below what one transaction takes.
const (
	batchWrites = 256
	batchBytes  = 256 << 10
)

// do sends w through the writer and waits for its commit.
func (q *Queue) do(ctx context.Context, w *write) error {
	w.done = make(chan error, 1)
	select {
	case q.writes <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-q.stop:
		return ErrClosed
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-q.idle:
		select { // the writer's last batch may have held it
		case err := <-w.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// writer owns all changes: it takes what waits as one batch and commits it in one synced transaction.
func (q *Queue) writer() {
	defer close(q.idle)
	for {
		select {
		case w := <-q.writes:
			q.commit(q.gather(w))
		case <-q.stop:
			return
		}
	}
}

func (q *Queue) gather(first *write) []*write {
	batch, bytes := []*write{first}, first.size
	for len(batch) < batchWrites && bytes < batchBytes {
		select {
		case w := <-q.writes:
			batch = append(batch, w)
			bytes += w.size
		default:
			return batch
		}
	}
	return batch
}

func (q *Queue) commit(batch []*write) {
	full := q.checkRoom(batch)
	t := &tx{Txn: q.db.NewTransaction(true), last: q.LastSeq()}
	defer t.Discard()
	var good []*write
	for _, w := range batch {
		if w.needsRoom && full != nil {
			w.done <- full
			continue
		}
		if err := w.apply(t); err != nil {
			w.done <- err
			if errors.Is(err, badger.ErrTxnTooBig) {
				q.fail(good, err) // half of w may be in it: nothing of this batch is committed
				return
			}
			continue
		}
		good = append(good, w)
	}
	if len(t.after) > 0 {
		if err := q.seal(t); err != nil {
			q.fail(good, err)
			return
		}
	}
	for _, w := range good {
		w.done <- nil
	}
	q.trimNowAndThen()
}

// seal commits t and lets its consequences be seen.
func (q *Queue) seal(t *tx) error {
	if err := t.Set(keyRun, u64(uint64(q.run.now().Seconds()))); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = t.last
	for _, f := range t.after {
		f()
	}
	q.wake()
	return nil
}

// trimNowAndThen trims once for every so many deliveries. What fails is tried again after as many more; Open trims too.
func (q *Queue) trimNowAndThen() {
	q.mu.Lock()
	due := q.fresh >= trimAtOnce/2
	if due {
		q.fresh = 0
	}
	q.mu.Unlock()
	if due {
		_ = q.trim() // old marks do no harm but take room
	}
}

func (q *Queue) fail(batch []*write, err error) {
	for _, w := range batch {
		w.done <- err
	}
}

// minFree is the room below which nothing is put: draining needs some for compaction.
const minFree = 32 << 20

func (q *Queue) checkRoom(batch []*write) error {
	for _, w := range batch {
		if w.needsRoom {
			return q.room()
		}
	}
	return nil
}

func (q *Queue) room() error {
	free, total, err := q.space(q.dir)
	if err != nil {
		return fmt.Errorf("put: ask for free space: %w", err)
	}
	if free < minFree {
		return fmt.Errorf("put: %w (%d MB free of %d MB, %d needed): free space or replace the card", ErrFull, free>>20, total>>20, minFree>>20)
	}
	return nil
}
