package queue

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// saving is one checkpoint on its way into the index.
type saving struct {
	mark      checkpoint
	put       map[string]uint64
	done      map[uint64]string
	pages     map[uint64][]byte // nil is forgotten
	remarks   map[uint64][]byte // nil is forgotten
	forgetDue func(run time.Duration, remembered int) bool
}

// save writes a checkpoint. It may take several transactions. The first begins with the older mark, which says now what pages are changing;
// the last has the new mark. So a cut between them leaves the older mark, and what is newer than it comes again from the journal.
func (x *index) save(s *saving) error {
	known, err := x.noted(s)
	if err != nil {
		return err
	}
	s.mark.Remembered += len(s.done) - known
	due, err := x.due(s)
	if err != nil {
		return err
	}
	s.mark.Remembered -= len(due)
	x.note(s)
	b := x.db.NewWriteBatch()
	defer b.Cancel()
	if err := x.changing(s).set(b.Set); err != nil {
		return err
	}
	if err := s.batch(b, due); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	x.mark = s.mark
	return x.db.Update(func(txn *badger.Txn) error { return s.mark.set(txn.Set) })
}

// changing is the older mark for as long as the pages of s are on their way.
func (x *index) changing(s *saving) checkpoint {
	m := x.mark
	m.Changing = slices.Sorted(maps.Keys(s.pages))
	m.Pages, m.Sum = x.sum(m.Changing)
	return m
}

// batch adds all but the marks. Pages come last, since what they say to be delivered is not noted again after a cut.
func (s *saving) batch(b *badger.WriteBatch, due []forgotten) error {
	for _, f := range due {
		if err := b.Delete(f.key); err != nil {
			return err
		}
		if err := f.deleteID(b); err != nil {
			return err
		}
	}
	for id, seq := range s.put {
		if err := b.Set(idKey(id), u64(seq)); err != nil {
			return err
		}
	}
	for seq, id := range s.done {
		if err := b.Set(doneKey(s.mark.Run, seq), []byte(id)); err != nil {
			return err
		}
	}
	if err := setAll(b, 'n', s.remarks); err != nil {
		return err
	}
	return setAll(b, 'c', s.pages)
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
	s.mark.Pages, s.mark.Sum = x.sum(nil)
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

// noted counts the deliveries of s that a checkpoint which was cut has noted already.
func (x *index) noted(s *saving) (n int, err error) {
	return n, x.db.View(func(txn *badger.Txn) error {
		for seq := range s.done {
			_, err := txn.Get(doneKey(s.mark.Run, seq))
			if err == nil {
				n++
			} else if !errors.Is(err, badger.ErrKeyNotFound) {
				return err
			}
		}
		return nil
	})
}

// forgetAtOnce bounds what one checkpoint forgets; the next goes on.
const forgetAtOnce = 20_000

var errEnough = errors.New("enough")

// forgotten is a delivered id that goes.
type forgotten struct {
	key []byte // under which it was noted as delivered
	id  string // empty when it was put anew since: then it stays known
}

func (f forgotten) deleteID(b *badger.WriteBatch) error {
	if f.id == "" {
		return nil
	}
	return b.Delete(idKey(f.id))
}

// due finds the delivered ids that are old enough to go, oldest first.
func (x *index) due(s *saving) (all []forgotten, err error) {
	left := s.mark.Remembered
	err = x.each([]byte{'a'}, func(key, id []byte) error {
		run := time.Duration(binary.BigEndian.Uint64(key[1:])) * time.Second
		if len(all) == forgetAtOnce || !s.forgetDue(run, left) {
			return errEnough
		}
		left--
		f := forgotten{key: bytes.Clone(key), id: string(id)}
		seq, err := x.seqOf(f.id)
		if err != nil {
			return err
		}
		if seq != binary.BigEndian.Uint64(key[9:]) {
			f.id = ""
		}
		all = append(all, f)
		return nil
	})
	if errors.Is(err, errEnough) {
		return all, nil
	}
	return all, err
}
