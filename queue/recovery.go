package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// recover builds the index from the store, sets damaged items aside and trims what is old.
func (q *Queue) recover(found *Recovery) error {
	var damaged []uint64
	err := q.db.View(func(txn *badger.Txn) error {
		if err := q.readMarks(txn); err != nil {
			return err
		}
		done, err := getU64(txn, keyDone)
		if err != nil {
			return err
		}
		damaged, err = q.scan(txn, done)
		return err
	})
	if err != nil {
		return err
	}
	if found.Damaged, err = q.nameAndSetAside(damaged); err != nil {
		return err
	}
	found.Waiting = q.lanes[Urgent].len() + q.lanes[Routine].len()
	found.Parked, found.Delivered = len(q.parked), q.counts.delivered
	return q.trim()
}

func (q *Queue) readMarks(txn *badger.Txn) error {
	var err error
	if q.last, err = getU64(txn, keyLast); err != nil {
		return err
	}
	seconds, err := getU64(txn, keyRun)
	q.run = runTime{before: time.Duration(seconds) * time.Second, since: time.Now()}
	eachKey(txn, []byte{'a'}, func([]byte) bool { q.counts.remembered++; return true })
	return err
}

// scan sorts every item into its place; it returns the numbers of damaged ones.
func (q *Queue) scan(txn *badger.Txn, done uint64) (damaged []uint64, err error) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{'i'}, PrefetchValues: true, PrefetchSize: 64})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		seq := binary.BigEndian.Uint64(it.Item().Key()[1:])
		q.last = max(q.last, seq)
		if err := it.Item().Value(func(raw []byte) error { return q.place(txn, seq, done, raw, &damaged) }); err != nil {
			return nil, err
		}
	}
	return damaged, nil
}

func (q *Queue) place(txn *badger.Txn, seq, done uint64, raw []byte, damaged *[]uint64) error {
	delivered, err := get(txn, seqKey('d', seq))
	if err != nil {
		return err
	}
	if delivered != nil || seq < done {
		q.counts.delivered++
		return nil
	}
	item, err := decodeItem(seq, raw)
	if err != nil {
		*damaged = append(*damaged, seq)
		return nil
	}
	why, err := get(txn, seqKey('p', seq))
	switch {
	case err != nil:
		return err
	case why != nil:
		q.parked[seq] = true
	default:
		q.lanes[item.Lane].add(seq)
	}
	return nil
}

// nameAndSetAside moves damaged items away and names them: an id is told where the list of ids still leads to the number.
func (q *Queue) nameAndSetAside(seqs []uint64) ([]string, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	ids := map[uint64]string{}
	err := q.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{'r'}, PrefetchValues: true, PrefetchSize: 64})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			id := string(it.Item().KeyCopy(nil)[1:])
			if err := it.Item().Value(func(v []byte) error {
				if len(v) == 8 {
					ids[binary.BigEndian.Uint64(v)] = id
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(seqs))
	for i, seq := range seqs {
		names[i] = fmt.Sprintf("item %d, id %s", seq, orUnknown(ids[seq]))
	}
	return names, q.setAside(seqs)
}

func orUnknown(id string) string {
	if id == "" {
		return "unknown"
	}
	return id
}

// setAside moves damaged items out of the way, as they were found.
func (q *Queue) setAside(seqs []uint64) error {
	err := q.db.Update(func(txn *badger.Txn) error { return moveAside(txn, seqs) })
	if err != nil {
		return fmt.Errorf("set damaged items aside: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost(seqs)
	return nil
}

func moveAside(txn *badger.Txn, seqs []uint64) error {
	for _, seq := range seqs {
		raw, err := get(txn, seqKey('i', seq))
		if err != nil {
			return err
		}
		if err := errors.Join(txn.Set(seqKey('x', seq), raw), txn.Delete(seqKey('i', seq))); err != nil {
			return err
		}
	}
	return nil
}

// lost takes damaged items out of the index. The caller holds mu.
func (q *Queue) lost(seqs []uint64) {
	for _, seq := range seqs {
		q.lanes[Urgent].remove(seq)
		q.lanes[Routine].remove(seq)
		delete(q.parked, seq)
		q.counts.damaged++
	}
}
