package queue

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// many makes a checkpoint larger than one of Badger's transactions: 1,000 ids of 200 bytes, half of them delivered, and 40 with a remark.
const many = 1000

// filled is how many items fill the journal, so that the oldest are let go.
const filled = 400

func longID(n int) string { return fmt.Sprintf("%0200d", n) }

// beforeCheckpoint is a store with ids that only the index remembers, and with changes that the index lacks. frame is how far it goes.
func beforeCheckpoint(t *testing.T, dir string, o Opts) (q *Queue, frame uint64) {
	q, _ = reopen(t, dir, o)
	put(t, q, Routine, "stays")
	for n := range filled {
		id := fmt.Sprint("old-", n)
		must(t, q.Put(t.Context(), id, Routine, make([]byte, 20_000)))
		must(t, q.Ack(t.Context(), seqOf(t, q, id)))
	}
	must(t, q.Close())
	q, _ = reopen(t, dir, o)
	if s, _ := q.register.get(seqOf(t, q, "old-0")); s != gone {
		t.Fatal("the journal still has the oldest item: the test proves nothing of ids")
	}
	frame = q.covered.Frame
	first := q.LastSeq() + 1
	at := func(n int) uint64 { return first + uint64(n) }
	each(t, q, many, func(tx *tx, n int) error { return q.put(tx, longID(n), Routine, []byte("x")) })
	each(t, q, many/2, func(tx *tx, n int) error { return q.ack(tx, []uint64{at(2 * n)}) })
	each(t, q, 40, func(tx *tx, n int) error { return q.note(tx, at(2*n+1), []byte("note")) })
	if q.covered.Frame != frame {
		t.Fatal("a checkpoint came early")
	}
	return q, frame
}

// each makes many changes in one frame.
func each(t *testing.T, q *Queue, many int, change func(tx *tx, n int) error) {
	t.Helper()
	must(t, q.do(t.Context(), &write{apply: func(tx *tx) error {
		for n := range many {
			if err := change(tx, n); err != nil {
				return err
			}
		}
		return nil
	}}))
}

// cuts are the ends of the transactions in a write-ahead log, and a place within each.
func cuts(t *testing.T, wal string) (all []int) {
	b, err := os.ReadFile(wal)
	must(t, err)
	const ends = 1 << 7 // in an entry's first byte: it ends its transaction
	at, within := walHead, walHead
	for n := walEntry(b[at:]); n > 0; n = walEntry(b[at:]) {
		if b[at]&ends != 0 {
			all = append(all, (within+at)/2, at+n)
			within = at + n
		}
		at += n
	}
	return all
}

// The power goes between the transactions of a checkpoint, or within one: the older mark stays, the index is kept, and nothing is lost or
// doubled, not even ids that only the index remembers.
func TestCheckpointCutBetweenTransactions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "queue")
	o := Opts{segment: 128 * blockSize, whole: 1}
	q, frame := beforeCheckpoint(t, dir, o)
	logs, err := filepath.Glob(filepath.Join(dir, "index", "*.mem"))
	must(t, err)
	must(t, inWriter(t, q, q.checkpoint))
	whole := filepath.Join(t.TempDir(), "whole")
	copyStore(t, dir, whole)
	must(t, q.Close())
	all := cuts(t, filepath.Join(whole, "index", filepath.Base(logs[0])))
	if len(logs) != 1 || len(all) < 8 {
		t.Fatalf("%d logs, cuts %v: the checkpoint is not larger than one transaction", len(logs), all)
	}
	for i, at := range all {
		cut := filepath.Join(t.TempDir(), "cut")
		copyStore(t, whole, cut)
		wal := filepath.Join(cut, "index", filepath.Base(logs[0]))
		info, err := os.Stat(wal)
		must(t, err)
		must(t, os.Truncate(wal, int64(at)))
		must(t, os.Truncate(wal, info.Size()))
		t.Run(fmt.Sprintf("cut %d of %d", i+1, len(all)), func(t *testing.T) {
			if got := markOf(t, cut); (got == frame) != (i < len(all)-1) {
				t.Errorf("the mark says frame %d, it was %d before the checkpoint", got, frame)
			}
			judgeCut(t, cut, o)
		})
	}
}

// markOf is how far a store's index goes.
func markOf(t *testing.T, dir string) uint64 {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "index")
	copyStore(t, filepath.Join(dir, "index"), copied)
	db, err := badger.Open(options(copied, ourMemtable))
	must(t, err)
	x := newIndex(db)
	mark, found, err := x.load(newRegister(), map[uint64]*remark{})
	must(t, x.close())
	if err != nil || !found {
		t.Errorf("the index as the cut left it: %v, found %v", err, found)
	}
	return mark.Frame
}

func judgeCut(t *testing.T, dir string, o Opts) {
	for range 2 {
		q, found := reopen(t, dir, o)
		if found.Rebuilt != "" || len(found.Damaged) > 0 || found.Waiting != many/2+1 {
			t.Errorf("found %+v, want %d waiting", found, many/2+1)
		}
		for n := range many {
			must(t, q.Put(t.Context(), longID(n), Urgent, []byte("again")))
		}
		put(t, q, Urgent, "old-0", "old-1", "stays")
		if s := q.Stats(); s.Waiting != many/2+1 || s.Urgent != 0 {
			t.Errorf("what was put is not known any more: %+v", s)
		}
		items, err := q.List(Waiting, many)
		must(t, err)
		notes := 0
		for _, it := range items {
			if string(it.Note) == "note" {
				notes++
			}
		}
		if len(items) != many/2+1 || notes != 40 {
			t.Errorf("%d waiting items with %d notes", len(items), notes)
		}
		must(t, inWriter(t, q, q.checkpoint))
		noted := map[string]bool{}
		must(t, q.index.each([]byte{'a'}, func(_, id []byte) error { noted[string(id)] = true; return nil }))
		keys, err := q.index.count('a')
		must(t, err)
		if len(noted) != filled+many/2 || q.covered.Remembered != keys {
			t.Errorf("%d deliveries are noted, want %d; %d keys, said to be %d", len(noted), filled+many/2, keys, q.covered.Remembered)
		}
		must(t, q.Close())
	}
}
