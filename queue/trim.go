package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// runTime is how long this queue was ever open: what earlier runs added up, and this one.
type runTime struct {
	before time.Duration
	since  time.Time
}

func (r runTime) now() time.Duration { return r.before + time.Since(r.since) }

const (
	maxRemembered = 200_000 // ids
	trimAtOnce    = 200     // marks in one pass
)

// trim forgets what is old enough: the contents of delivered items after Keep, their ids after Remember or beyond the cap. It takes a
// bounded piece at a time; Ack calls it again.
func (q *Queue) trim() error {
	now := q.run.now()
	err := errors.Join(
		q.trimMarks('k', func(run time.Duration, _ int) bool { return run+q.opts.Keep <= now }, dropContents),
		q.trimMarks('a', func(run time.Duration, n int) bool {
			return run+q.opts.Remember <= now || q.counts.remembered-n > maxRemembered
		}, dropID),
	)
	if err != nil {
		return fmt.Errorf("trim: %w", err)
	}
	return nil
}

// aged is one mark with its value.
type aged struct {
	key   []byte
	seq   uint64
	value []byte
}

func (q *Queue) trimMarks(kind byte, old func(run time.Duration, n int) bool, drop func(*badger.Txn, aged) error) error {
	var due []aged
	err := q.db.Update(func(txn *badger.Txn) error {
		var err error
		if due, err = q.due(txn, kind, old); err != nil {
			return err
		}
		for _, m := range due {
			if err := errors.Join(txn.Delete(m.key), drop(txn, m)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if kind == 'k' {
		q.counts.delivered -= len(due)
	} else {
		q.counts.remembered -= len(due)
	}
	return nil
}

func (q *Queue) due(txn *badger.Txn, kind byte, old func(time.Duration, int) bool) (due []aged, err error) {
	eachKey(txn, []byte{kind}, func(key []byte) bool {
		run, seq := agedSeq(key)
		if len(due) == trimAtOnce || !old(run, len(due)) {
			return false
		}
		due = append(due, aged{key: key, seq: seq})
		return true
	})
	for i := range due {
		if due[i].value, err = get(txn, due[i].key); err != nil {
			return nil, err
		}
	}
	return due, nil
}

func dropContents(txn *badger.Txn, m aged) error {
	return errors.Join(txn.Delete(seqKey('i', m.seq)), txn.Delete(seqKey('n', m.seq)))
}

func dropID(txn *badger.Txn, m aged) error {
	return errors.Join(txn.Delete(idKey(string(m.value))), txn.Delete(seqKey('d', m.seq)))
}
