package queue

import (
	"encoding/binary"
	"encoding/json"
	"errors"
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

// change is one key of the index; a nil value deletes it.
type change struct{ key, value []byte }

// One transaction takes at most this much: with a memtable of 1 MiB Badger refuses 157 kB, or about 1,600 keys.
const (
	stepChanges = 1400
	stepBytes   = 128 << 10
)

// save writes a checkpoint, in one transaction where it fits. Otherwise the old mark is first made to say which pages are being rewritten,
// and the new one comes last: a cut between them leaves the old mark, and what is newer than it comes again from the journal.
func (x *index) save(s *saving) error {
	steps, err := x.steps(s)
	for _, step := range steps {
		if err == nil {
			err = x.apply(step)
		}
	}
	if err == nil {
		x.mark, x.marked = s.mark, true
	}
	return err
}

// apply writes one transaction; nil means that it is on stable storage.
func (x *index) apply(step []change) error {
	return x.db.Update(func(txn *badger.Txn) error {
		for _, c := range step {
			set := func() error { return txn.Set(c.key, c.value) }
			if c.value == nil {
				set = func() error { return txn.Delete(c.key) }
			}
			if err := set(); err != nil {
				return err
			}
		}
		return nil
	})
}

// steps are the transactions of a checkpoint.
func (x *index) steps(s *saving) (steps [][]change, err error) {
	all, err := x.changes(s)
	if err != nil {
		return nil, err
	}
	intent := x.intent(s)
	x.note(s)
	if all, err = mark(all, s.mark); err != nil {
		return nil, err
	}
	if steps = split(all); len(steps) > 1 && x.marked {
		before, err := mark(nil, intent)
		return append([][]change{before}, steps...), err
	}
	return steps, nil
}

func mark(all []change, m checkpoint) ([]change, error) {
	raw, err := json.Marshal(m)
	return append(all, change{keyCheckpoint, raw}), err
}

// split cuts a list into transactions.
func split(all []change) (steps [][]change) {
	begin, size := 0, 0
	for i, c := range all {
		more := len(c.key) + len(c.value)
		if i > begin && (i-begin == stepChanges || size+more > stepBytes) {
			steps, begin, size = append(steps, all[begin:i]), i, 0
		}
		size += more
	}
	return append(steps, all[begin:])
}

// intent is the last mark, with the pages that are about to change.
func (x *index) intent(s *saving) checkpoint {
	m := x.mark
	for n := range s.pages {
		m.Rewriting = append(m.Rewriting, n)
	}
	m.Pages, m.Sum = x.sum(m.Rewriting)
	return m
}

// changes lists what a checkpoint changes, but for its mark.
func (x *index) changes(s *saving) (all []change, err error) {
	for id, seq := range s.put {
		all = append(all, change{idKey(id), u64(seq)})
	}
	for seq, id := range s.done {
		all = append(all, change{doneKey(time.Duration(s.mark.Run)*time.Second, seq), []byte(id)})
	}
	s.mark.Remembered += len(s.done)
	if all, err = x.forget(all, s); err != nil {
		return nil, err
	}
	for kind, values := range map[byte]map[uint64][]byte{'c': s.pages, 'n': s.remarks} {
		for n, v := range values {
			all = append(all, change{numberKey(kind, n), v})
		}
	}
	return all, nil
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

// forgetAtOnce bounds what one checkpoint forgets; the next goes on.
const forgetAtOnce = 20_000

var errEnough = errors.New("enough")

// forget lets delivered ids go that are old enough, oldest first.
func (x *index) forget(all []change, s *saving) ([]change, error) {
	n := 0
	err := x.each([]byte{'a'}, func(key, id []byte) error {
		run := time.Duration(binary.BigEndian.Uint64(key[1:])) * time.Second
		if n == forgetAtOnce || !s.forgetDue(run, s.mark.Remembered) {
			return errEnough
		}
		n++
		s.mark.Remembered--
		all = append(all, change{key: slices.Clone(key)}, change{key: idKey(string(id))})
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return all, err
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
	if n, sum := x.sum(mark.Rewriting); err == nil && (n != mark.Pages || sum != mark.Sum) {
		err = errDamaged
	}
	if err != nil {
		return mark, false, err
	}
	x.mark, x.marked = mark, found
	x.mark.Rewriting = nil
	return x.mark, found, x.each([]byte{'n'}, func(key, v []byte) error {
		m, err := decodeRemark(v)
		remarks[binary.BigEndian.Uint64(key[1:])], x.notes[binary.BigEndian.Uint64(key[1:])] = m, true
		return err
	})
}

// sum tells one set of pages from another; some can be left out.
func (x *index) sum(without []uint64) (pages int, sum uint64) {
	for n, s := range x.pages {
		if !slices.Contains(without, n) {
			pages++
			sum += uint64(s) ^ n<<32
		}
	}
	return pages, sum
}
