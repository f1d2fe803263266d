package queue

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
)

// index is the Badger store: which ids were put, and the register as it stood at the last checkpoint. The journal is the truth; the index
// saves reading it whole, and remembers ids for longer than the journal keeps their items. A nil index knows nothing.
type index struct {
	db    *badger.DB
	mark  checkpoint
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

	Changing []uint64 `json:"changing,omitempty"` // pages that may be newer than the mark and are not in Pages and Sum: a checkpoint was cut
}

// set writes the mark with a transaction or batch.
func (c checkpoint) set(set func(key, value []byte) error) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return set(keyCheckpoint, raw)
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

// Keys; the package doc draws them.
var keyCheckpoint = []byte("m")

func idKey(id string) []byte { return append([]byte{'r'}, id...) }

func numberKey(kind byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, n) }

func doneKey(run, seq uint64) []byte { return binary.BigEndian.AppendUint64(numberKey('a', run), seq) }

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

func (x *index) count(kind byte) (n int, err error) {
	err = x.each([]byte{kind}, func([]byte, []byte) error { n++; return nil })
	return n, err
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
	if pages, sum := x.sum(mark.Changing); err == nil && (pages != mark.Pages || sum != mark.Sum) {
		err = errDamaged
	}
	if err != nil {
		return mark, false, err
	}
	if len(mark.Changing) > 0 { // so may be what was noted as delivered
		if mark.Remembered, err = x.count('a'); err != nil {
			return mark, false, err
		}
	}
	x.mark = mark
	return mark, found && mark.Frame > 0, x.each([]byte{'n'}, func(key, v []byte) error {
		m, err := decodeRemark(v)
		remarks[binary.BigEndian.Uint64(key[1:])], x.notes[binary.BigEndian.Uint64(key[1:])] = m, true
		return err
	})
}

// sum tells one set of pages from another. It leaves out some; they are sorted.
func (x *index) sum(but []uint64) (pages int, sum uint64) {
	for n, s := range x.pages {
		if _, out := slices.BinarySearch(but, n); !out {
			pages++
			sum += uint64(s) ^ n<<32
		}
	}
	return pages, sum
}

func (x *index) close() error {
	if x == nil {
		return nil
	}
	return x.db.Close()
}
