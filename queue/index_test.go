package queue

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// The largest page, id, note and reason there can be stay in the tree: collecting a value log brings deleted keys back, and what is in one
// is removed at Open.
func TestNothingGoesToTheValueLog(t *testing.T) {
	dir := t.TempDir()
	o := Opts{segment: segmentSize, whole: 1}
	q, _ := reopen(t, dir, o)
	id := string(bytes.Repeat([]byte("i"), 255))
	must(t, q.Put(t.Context(), id, Routine, make([]byte, MaxPayload)))
	seq := seqOf(t, q, id)
	must(t, q.Note(t.Context(), seq, bytes.Repeat([]byte("n"), MaxPayload)))
	must(t, q.Park(t.Context(), seq, string(bytes.Repeat([]byte("w"), MaxPayload))))
	for n := range 30 { // or the journal would be read whole
		must(t, q.Put(t.Context(), fmt.Sprint(n), Routine, make([]byte, MaxPayload)))
	}
	must(t, inWriter(t, q, q.checkpoint))
	logs, err := filepath.Glob(filepath.Join(dir, "index", "*.vlog"))
	must(t, err)
	for _, path := range logs {
		b, err := os.ReadFile(path)
		must(t, err)
		if len(bytes.Trim(b[min(walHead, len(b)):], "\x00")) > 0 {
			t.Errorf("%s holds values", path)
		}
	}
	must(t, q.Close())
	q, found := reopen(t, dir, o)
	it, state, err := q.Find(id)
	if err != nil || state != Parked || len(it.Note) != MaxPayload || len(it.Parked) != MaxPayload || found.Rebuilt != "" {
		t.Errorf("a note of %d bytes, a reason of %d, %s, %v; found %+v", len(it.Note), len(it.Parked), state, err, found)
	}
}

// Should Badger ever give an older value back, the sum in the mark tells: the index is built anew, and nothing delivered is waiting again.
func TestOlderPagesAreNotBelieved(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	put(t, q, Routine, "delivered", "waits")
	for n := range 20 {
		put(t, q, Urgent, fmt.Sprint("later-", n))
	}
	must(t, inWriter(t, q, q.checkpoint))
	older := value(t, q, numberKey('c', 0))
	must(t, q.Ack(t.Context(), seqOf(t, q, "delivered")))
	must(t, inWriter(t, q, q.checkpoint))
	must(t, q.index.db.Update(func(txn *badger.Txn) error { return txn.Set(numberKey('c', 0), older) }))
	must(t, inWriter(t, q, func() error { q.failed = errors.New("a kill"); return nil })) // no checkpoint any more
	must(t, q.Close())
	q, found := reopen(t, dir, small4)
	if got := ids(t, q, Routine, 9); got != "waits" || found.Rebuilt == "" {
		t.Errorf("waiting %q, found %+v", got, found)
	}
}

func value(t *testing.T, q *Queue, key []byte) (v []byte) {
	t.Helper()
	must(t, q.index.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		v, err = item.ValueCopy(nil)
		return err
	}))
	return v
}

// With its defaults Badger maps 2 GB of value log and 128 MB of memtable, more than 32-bit address space bears.
func TestIndexMapsLittle(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	for n := range 200 {
		put(t, q, Routine, fmt.Sprint(n))
	}
	quiet(t, q)
	if n := mapped(t, dir); n == 0 || n > 16<<20 {
		t.Errorf("%d bytes are mapped, want less than 16 MiB and more than nothing", n)
	}
	size := int64(0)
	must(t, filepath.WalkDir(filepath.Join(dir, "index"), func(path string, _ os.DirEntry, err error) error {
		if info, e := os.Stat(path); e == nil {
			size += info.Size()
		}
		return err
	}))
	if size > 16<<20 {
		t.Errorf("the index's files have %d bytes", size)
	}
}

// No key follows the wall clock.
func TestNothingExpires(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "waits", "delivered")
	must(t, q.Ack(t.Context(), seqOf(t, q, "delivered")))
	must(t, q.Note(t.Context(), seqOf(t, q, "waits"), []byte("note")))
	must(t, inWriter(t, q, q.checkpoint))
	kinds := map[byte]bool{}
	must(t, q.index.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			kinds[it.Item().Key()[0]] = true
			if at := it.Item().ExpiresAt(); at != 0 {
				t.Errorf("%q expires at %d", it.Item().Key(), at)
			}
		}
		return nil
	}))
	if len(kinds) != 5 {
		t.Errorf("there are keys of %d kinds, want r, a, c, n and m", len(kinds))
	}
}

// What goes next is known without asking the index, where deleted keys would have to be passed over.
func TestNextNeedsNoIndex(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "a", "b")
	must(t, q.Ack(t.Context(), seqOf(t, q, "a")))
	must(t, inWriter(t, q, q.checkpoint))
	x := q.index
	q.index = nil
	items, err := q.Next(t.Context(), Any, 9)
	if err != nil || len(items) != 1 || items[0].ID != "b" {
		t.Errorf("without the index: %v %v", items, err)
	}
	q.index = x
}

// However many were delivered, only those that are kept cost memory and are looked at.
func TestDeliveredLeaveTheRegister(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, Opts{segment: 16 * blockSize})
	for range 100 {
		first := q.LastSeq() + 1
		each(t, q, 200, func(tx *tx, n int) error { return q.put(tx, fmt.Sprint(first+uint64(n)), Routine, make([]byte, 100)) })
		each(t, q, 200, func(tx *tx, n int) error { return q.ack(tx, []uint64{first + uint64(n)}) })
	}
	quiet(t, q)
	must(t, inWriter(t, q, q.checkpoint))
	pages := 0
	must(t, q.index.each([]byte{'c'}, func([]byte, []byte) error { pages++; return nil }))
	most := q.Stats().Delivered/pageItems + 2
	if len(q.register.pages) > most || pages > most || q.LastSeq() < 20*pageItems {
		t.Errorf("%d pages in memory and %d in the index after %d items, want %d", len(q.register.pages), pages, q.LastSeq(), most)
	}
}
