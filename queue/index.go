package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// index is the Badger store: which ids were put, and the register as it stood at the last checkpoint. The journal is the truth; the index
// saves reading it whole, and remembers ids for longer than the journal keeps their items. A nil index knows nothing.
type index struct {
	db     *badger.DB
	mark   checkpoint        // the last that it has whole
	marked bool              // it has one
	pages  map[uint64]uint32 // of the register: those that it has, and their checksums
	notes  map[uint64]bool   // remarks that it has
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

	// Rewriting is there while the next checkpoint is written in several transactions: pages that may be older or newer than this mark
	// says. Pages and Sum leave them out.
	Rewriting []uint64 `json:"rewriting,omitempty"`
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

func (x *index) close() error {
	if x == nil {
		return nil
	}
	return x.db.Close()
}
