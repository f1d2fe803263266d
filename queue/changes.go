package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

func (q *Queue) put(t *tx, id string, lane Lane, payload []byte) error {
	known, err := get(t.Txn, idKey(id))
	if err != nil || known != nil {
		return err
	}
	seq := t.last + 1
	it := Item{Seq: seq, ID: id, Lane: lane, Payload: payload, Put: time.Now()}
	err = errors.Join(
		t.Set(seqKey('i', seq), encodeItem(it)),
		t.Set(idKey(id), u64(seq)),
		t.Set(keyLast, u64(seq)),
	)
	if err != nil {
		return fmt.Errorf("put %s: %w", id, err)
	}
	t.last = seq
	t.after = append(t.after, func() { q.lanes[lane].add(seq) })
	return nil
}

func (q *Queue) note(t *tx, seq uint64, note []byte) error {
	if !q.outstanding(seq) {
		return fmt.Errorf("note on %d: %w", seq, ErrUnknown)
	}
	if err := t.Set(seqKey('n', seq), encodeNote(note)); err != nil {
		return fmt.Errorf("note on %d: %w", seq, err)
	}
	t.after = append(t.after, func() {})
	return nil
}

func (q *Queue) ack(t *tx, seqs []uint64) error {
	now := q.run.now()
	for _, seq := range seqs {
		if done, err := get(t.Txn, seqKey('d', seq)); err != nil || done != nil || !q.outstanding(seq) {
			if err != nil {
				return err
			}
			continue
		}
		if err := q.deliver(t, seq, now); err != nil {
			return fmt.Errorf("acknowledge %d: %w", seq, err)
		}
	}
	return nil
}

// deliver marks one item. The marks by age let trim find it again without looking at anything else.
func (q *Queue) deliver(t *tx, seq uint64, now time.Duration) error {
	raw, err := get(t.Txn, seqKey('i', seq))
	if err != nil {
		return err
	}
	it, err := decodeItem(seq, raw)
	if err != nil {
		return err
	}
	err = errors.Join(
		t.Set(seqKey('d', seq), []byte{1}),
		t.Delete(seqKey('p', seq)),
		t.Set(ageKey('k', now, seq), nil),
		t.Set(ageKey('a', now, seq), []byte(it.ID)),
		t.Set(keyDone, u64(q.doneBelow(seq))),
	)
	if err != nil {
		return err
	}
	t.after = append(t.after, func() {
		q.lanes[it.Lane].remove(seq)
		delete(q.parked, seq)
		q.counts.delivered++
		q.counts.remembered++
		q.fresh++
	})
	return nil
}

func (q *Queue) park(t *tx, seq uint64, why string) error {
	q.mu.Lock()
	waiting, parked := q.waits(seq), q.parked[seq]
	q.mu.Unlock()
	if !waiting && !parked {
		return fmt.Errorf("park %d: %w", seq, ErrUnknown)
	}
	if why == "" {
		why = "no reason given"
	}
	if err := t.Set(seqKey('p', seq), []byte(why)); err != nil {
		return fmt.Errorf("park %d: %w", seq, err)
	}
	t.after = append(t.after, func() {
		q.lanes[Urgent].remove(seq)
		q.lanes[Routine].remove(seq)
		q.parked[seq] = true
	})
	return nil
}

func (q *Queue) release(t *tx, seq uint64) error {
	q.mu.Lock()
	parked := q.parked[seq]
	q.mu.Unlock()
	if !parked {
		return fmt.Errorf("release %d: %w: only a parked item can be released", seq, ErrUnknown)
	}
	raw, err := get(t.Txn, seqKey('i', seq))
	if err != nil {
		return err
	}
	it, err := decodeItem(seq, raw)
	if err != nil {
		return fmt.Errorf("release %d: %w", seq, err)
	}
	if err := t.Delete(seqKey('p', seq)); err != nil {
		return fmt.Errorf("release %d: %w", seq, err)
	}
	t.after = append(t.after, func() {
		delete(q.parked, seq)
		q.lanes[it.Lane].add(seq)
	})
	return nil
}

// outstanding says whether an item waits or is parked.
func (q *Queue) outstanding(seq uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waits(seq) || q.parked[seq]
}

// waits says whether an item waits. The caller holds mu.
func (q *Queue) waits(seq uint64) bool { return q.lanes[Urgent].has(seq) || q.lanes[Routine].has(seq) }

// doneBelow is the number below which everything is delivered once seq is.
func (q *Queue) doneBelow(seq uint64) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	lowest := q.last + 1
	for _, lane := range q.lanes {
		for _, s := range lane.from(0, 2) {
			if s != seq {
				lowest = min(lowest, s)
				break
			}
		}
	}
	for s := range q.parked {
		if s != seq {
			lowest = min(lowest, s)
		}
	}
	return lowest
}

// get returns the value of key as a copy, or nil when there is none.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy([]byte{})
}

func getU64(txn *badger.Txn, key []byte) (uint64, error) {
	raw, err := get(txn, key)
	if err != nil || len(raw) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(raw), nil
}
