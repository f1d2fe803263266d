package queue

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// index is the Badger store: which ids were put, and the register as it stood at the last checkpoint. The journal is the truth; the index
// saves reading it whole, and remembers ids for longer than the journal keeps their items. A nil index knows nothing.
type index struct {
	db    *badger.DB
	pages map[uint64]uint32 // of the register: those that it has, and their checksums
	notes map[uint64]bool   // remarks that it has
}

func newIndex(db *badger.DB) *index {
	return &index{db: db, pages: map[uint64]uint32{}, notes: map[uint64]bool{}}
}

// checkpoint is the index's word on how far it goes.
type checkpoint struct {
	Frame      uint64 `json:"frame"`      // the newest that it covers
	Segment    uint32 `json:"segment"`    // the newest at that time
	Last       uint64 `json:"last"`       // sequence number
	Run        uint64 `json:"run"`        // seconds
	Pages      int    `json:"pages"`      // how many there are
	Sum        uint64 `json:"sum"`        // of their checksums
	Remembered int    `json:"remembered"` // delivered ids
}

// pending is what the index does not know yet.
type pending struct {
	fresh map[string]uint64 // put
	done  map[uint64]string // delivered
}

// remark is what stands beside an item.
type remark struct {
	note  []byte
	why   string // it is parked
	dirty bool   // the index has something else
}

// options are the settings that survive power cuts and stay small: every write synced, every value in the tree (a value log would have to
// be collected, and collecting it brings deleted keys back), no compression and no encryption, next to no cache.
func options(dir string, memtable int64) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithMetricsEnabled(false).WithDetectConflicts(false).
		WithMemTableSize(memtable).WithNumMemtables(2).WithValueThreshold(memtable / 8).WithValueLogFileSize(1 << 20).
		WithBlockCacheSize(0).WithIndexCacheSize(0).WithCompression(0).WithNumCompactors(2).
		WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(6)
}

// Keys; the package doc draws them.
var keyCheckpoint = []byte("m")

func idKey(id string) []byte { return append([]byte{'r'}, id...) }

func numberKey(kind byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, n) }

func doneKey(run time.Duration, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(numberKey('a', uint64(run/time.Second)), seq)
}

// seqOf returns the number under which an id was put, or 0.
func (x *index) seqOf(id string) (seq uint64, err error) {
	if x == nil {
		return 0, nil
	}
	err = x.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(idKey(id))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return item.Value(func(v []byte) error {
			if len(v) != 8 {
				return errDamaged
			}
			seq = binary.BigEndian.Uint64(v)
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("look up id: %w", err)
	}
	return seq, nil
}

// name finds the ids of some numbers, where they are known. It looks at every id.
func (x *index) name(seqs map[uint64]string) error {
	if x == nil || len(seqs) == 0 {
		return nil
	}
	return x.each([]byte{'r'}, func(key, v []byte) error {
		if len(v) == 8 {
			if _, wanted := seqs[binary.BigEndian.Uint64(v)]; wanted {
				seqs[binary.BigEndian.Uint64(v)] = string(key[1:])
			}
		}
		return nil
	})
}

// each calls f with every key that begins with prefix, in order.
func (x *index) each(prefix []byte, f func(key, value []byte) error) error {
	return x.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, PrefetchValues: false})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := it.Item().Value(func(v []byte) error { return f(it.Item().Key(), v) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// saving is one checkpoint on its way into the index.
type saving struct {
	mark      checkpoint
	put       map[string]uint64
	done      map[uint64]string
	pages     map[uint64][]byte // nil is forgotten
	remarks   map[uint64][]byte // nil is forgotten
	forgetDue func(run time.Duration, remembered int) bool
}

// save writes a checkpoint. It may take several transactions; the one with the mark is the last, so a cut before it leaves the older mark,
// and what is newer than it comes again from the journal.
func (x *index) save(s *saving) error {
	b := x.db.NewWriteBatch()
	defer b.Cancel()
	for id, seq := range s.put {
		if err := b.Set(idKey(id), u64(seq)); err != nil {
			return err
		}
	}
	for seq, id := range s.done {
		if err := b.Set(doneKey(time.Duration(s.mark.Run)*time.Second, seq), []byte(id)); err != nil {
			return err
		}
	}
	s.mark.Remembered += len(s.done)
	x.note(s)
	if err := x.forget(b, s); err != nil {
		return err
	}
	for kind, all := range map[byte]map[uint64][]byte{'c': s.pages, 'n': s.remarks} {
		if err := setAll(b, kind, all); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	raw, err := json.Marshal(s.mark)
	if err != nil {
		return err
	}
	return x.db.Update(func(txn *badger.Txn) error { return txn.Set(keyCheckpoint, raw) })
}

// note keeps count of what the index has with this checkpoint.
func (x *index) note(s *saving) {
	for n, v := range s.pages {
		if delete(x.pages, n); v != nil {
			x.pages[n] = binary.BigEndian.Uint32(v)
		}
	}
	for n, v := range s.remarks {
		if delete(x.notes, n); v != nil {
			x.notes[n] = true
		}
	}
	s.mark.Pages, s.mark.Sum = len(x.pages), x.sum()
}

func setAll(b *badger.WriteBatch, kind byte, all map[uint64][]byte) error {
	for n, v := range all {
		set := func() error { return b.Set(numberKey(kind, n), v) }
		if v == nil {
			set = func() error { return b.Delete(numberKey(kind, n)) }
		}
		if err := set(); err != nil {
			return err
		}
	}
	return nil
}

// forgetAtOnce bounds what one checkpoint forgets; the next goes on.
const forgetAtOnce = 20_000

var errEnough = errors.New("enough")

// forget lets delivered ids go that are old enough, oldest first.
func (x *index) forget(b *badger.WriteBatch, s *saving) error {
	n := 0
	err := x.each([]byte{'a'}, func(key, id []byte) error {
		run := time.Duration(binary.BigEndian.Uint64(key[1:])) * time.Second
		if n == forgetAtOnce || !s.forgetDue(run, s.mark.Remembered) {
			return errEnough
		}
		n++
		s.mark.Remembered--
		return errors.Join(b.Delete(bytes.Clone(key)), b.Delete(idKey(string(id))))
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// load reads the last checkpoint. found is false when there is none; errDamaged says that it does not hang together.
func (x *index) load(r *register, remarks map[uint64]*remark) (mark checkpoint, found bool, err error) {
	if x == nil {
		return checkpoint{}, false, nil
	}
	err = x.each(keyCheckpoint, func(_, v []byte) error {
		found = true
		return json.Unmarshal(v, &mark)
	})
	if err != nil {
		return mark, false, err
	}
	err = x.each([]byte{'c'}, func(key, v []byte) error {
		n := binary.BigEndian.Uint64(key[1:])
		if err := r.load(n, v); err != nil {
			return err
		}
		x.pages[n] = binary.BigEndian.Uint32(v)
		return nil
	})
	if err == nil && (len(x.pages) != mark.Pages || x.sum() != mark.Sum) {
		err = errDamaged
	}
	if err != nil {
		return mark, false, err
	}
	return mark, found, x.each([]byte{'n'}, func(key, v []byte) error {
		m, err := decodeRemark(v)
		remarks[binary.BigEndian.Uint64(key[1:])], x.notes[binary.BigEndian.Uint64(key[1:])] = m, true
		return err
	})
}

// sum tells one set of pages from another.
func (x *index) sum() (sum uint64) {
	for n, s := range x.pages {
		sum += uint64(s) ^ n<<32
	}
	return sum
}

func (x *index) close() error {
	if x == nil {
		return nil
	}
	return x.db.Close()
}
