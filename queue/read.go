package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// load reads items. A damaged one is set aside and left out.
func (q *Queue) load(seqs []uint64) ([]Item, error) {
	var items []Item
	var damaged []uint64
	err := q.view(func(txn *badger.Txn) error {
		for _, seq := range seqs {
			it, err := readItem(txn, seq)
			if errors.Is(err, errDamaged) {
				damaged = append(damaged, seq)
				continue
			}
			if err != nil {
				return err
			}
			items = append(items, it)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(damaged) == 0 {
		return items, nil
	}
	return items, q.do(context.Background(), &write{size: 100, apply: func(t *tx) error {
		t.after = append(t.after, func() { q.lost(damaged) })
		return moveAside(t.Txn, damaged)
	}})
}

// view runs f in a read transaction, or returns ErrClosed.
func (q *Queue) view(f func(*badger.Txn) error) error {
	select {
	case <-q.stop:
		return ErrClosed
	default:
	}
	if err := q.db.View(f); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

func readItem(txn *badger.Txn, seq uint64) (Item, error) {
	raw, err := get(txn, seqKey('i', seq))
	if err != nil {
		return Item{}, err
	}
	it, err := decodeItem(seq, raw)
	if err != nil {
		return Item{}, err
	}
	note, err := get(txn, seqKey('n', seq))
	if err != nil {
		return Item{}, err
	}
	if note != nil {
		// A damaged note is a missing one: it is a remark, and what it says can be made again.
		it.Note, _ = decodeNote(note)
	}
	why, err := get(txn, seqKey('p', seq))
	it.Parked = string(why)
	return it, err
}

// List returns up to max items of a state, oldest first.
func (q *Queue) List(s State, max int) ([]Item, error) {
	if s == Delivered {
		seqs, err := q.delivered(max)
		if err != nil {
			return nil, err
		}
		return q.load(seqs)
	}
	q.mu.Lock()
	var seqs []uint64
	switch s {
	case Waiting:
		seqs = append(append(seqs, q.lanes[Urgent].seqs...), q.lanes[Routine].seqs...)
	case Parked:
		seqs = slices.Collect(maps.Keys(q.parked))
	default:
		q.mu.Unlock()
		return nil, fmt.Errorf("list: no state %q: say waiting, parked or delivered", s)
	}
	q.mu.Unlock()
	slices.Sort(seqs)
	return q.load(seqs[:min(max, len(seqs))])
}

func (q *Queue) delivered(max int) (seqs []uint64, err error) {
	return seqs, q.view(func(txn *badger.Txn) error {
		eachKey(txn, []byte{'k'}, func(key []byte) bool {
			if len(seqs) < max {
				_, seq := agedSeq(key)
				seqs = append(seqs, seq)
			}
			return len(seqs) < max
		})
		slices.Sort(seqs)
		return nil
	})
}

// Find returns the item of that id and where it stands. ErrUnknown when it was never put, or was delivered and its contents are gone.
func (q *Queue) Find(id string) (it Item, s State, err error) {
	err = q.view(func(txn *badger.Txn) error {
		seq, err := getU64(txn, idKey(id))
		if err != nil {
			return err
		}
		if it, err = readItem(txn, seq); err != nil {
			return err
		}
		done, err := get(txn, seqKey('d', seq))
		switch {
		case done != nil:
			s = Delivered
		case it.Parked != "":
			s = Parked
		default:
			s = Waiting
		}
		return err
	})
	if errors.Is(err, errDamaged) { // no item under that number, or one that cannot be read
		return Item{}, "", fmt.Errorf("find %s: %w", id, ErrUnknown)
	}
	return it, s, err
}

// eachKey calls f with every key that begins with prefix, in order, until f returns false.
func eachKey(txn *badger.Txn, prefix []byte, f func(key []byte) bool) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if !f(it.Item().KeyCopy(nil)) {
			return
		}
	}
}
