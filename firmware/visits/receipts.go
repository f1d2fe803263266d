package visits

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"nabz/firmware/clock"
)

// Step is one of the four steps that a worker can see of a reading, in this order.
type Step string

// The steps.
const (
	Saved    Step = "saved"    // on this kiosk's stable storage
	Sent     Step = "sent"     // the broker took it
	Recorded Step = "recorded" // the health record has it
	Seen     Step = "seen"     // a doctor opened it
)

// Receipt is how far one entry of the queue has come.
type Receipt struct {
	Entry      string               `json:"entry"` // the reading's or retraction's id
	Visit      string               `json:"visit"`
	Kind       string               `json:"kind"`                 // vitals.Kind in words, or "retraction"
	Steps      map[Step]clock.Stamp `json:"steps"`                // when each step was first reached
	Parked     string               `json:"parked,omitempty"`     // why the record refused it; empty again when released
	Superseded string               `json:"superseded,omitempty"` // by which reading
}

// Done says that nothing more will happen. A parked entry is not done: a person may release it, and then it is recorded and has to be counted.
func (r Receipt) Done() bool {
	_, recorded := r.Steps[Recorded]
	return recorded
}

func begin(txn *badger.Txn, r Receipt) error {
	key := receiptPrefix + r.Entry
	if known, err := get(txn, key); err != nil || known != nil {
		return err
	}
	r.Steps = map[Step]clock.Stamp{}
	return setJSON(txn, key, r)
}

// Reach notes that an entry reached a step; the first time stays. An entry that is not known is none of ours and is ignored.
func (s *Store) Reach(entry string, step Step, at clock.Stamp) error {
	return s.change(entry, func(r *Receipt) {
		if _, known := r.Steps[step]; !known {
			r.Steps[step] = at
		}
		if step == Recorded {
			r.Parked = ""
		}
	})
}

// Park notes that the record refused an entry, or with an empty reason that a person released it.
func (s *Store) Park(entry, why string) error {
	return s.change(entry, func(r *Receipt) { r.Parked = why })
}

// Supersede notes which reading replaced an entry.
func (s *Store) Supersede(entry, by string) error {
	return s.change(entry, func(r *Receipt) { r.Superseded = by })
}

func (s *Store) change(entry string, f func(*Receipt)) error {
	return s.update("note receipt", func(txn *badger.Txn) error {
		r, found, err := getJSON[Receipt](txn, receiptPrefix+entry)
		if err != nil || !found {
			return err
		}
		before := r
		before.Steps = maps.Clone(r.Steps)
		f(&r)
		t, _, err := getJSON[Tally](txn, tallyKey)
		if err != nil {
			return err
		}
		old := t
		if t.count(before, r); t != old {
			if err := setJSON(txn, tallyKey, t); err != nil {
				return err
			}
		}
		return setJSON(txn, receiptPrefix+entry, r)
	})
}

// Receipts returns the receipts of one visit, or of all visits when visit is empty, in the order in which they were saved (ids are
// UUIDv7, so that is the order of ids).
func (s *Store) Receipts(visit string) ([]Receipt, error) {
	var all []Receipt
	err := s.db.View(func(txn *badger.Txn) error {
		return each(txn, func(r Receipt) {
			if visit == "" || r.Visit == visit {
				all = append(all, r)
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	return all, nil
}

// VisitOf is the visit of an entry; empty when the entry is not known any more.
func (s *Store) VisitOf(entry string) (visit string, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		r, _, err := getJSON[Receipt](txn, receiptPrefix+entry)
		visit = r.Visit
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read receipt: %w", err)
	}
	return visit, nil
}

// Newest returns the newest n receipts, oldest first.
func (s *Store) Newest(n int) ([]Receipt, error) {
	var all []Receipt
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(receiptPrefix), Reverse: true, PrefetchValues: true, PrefetchSize: n})
		defer it.Close()
		for it.Seek([]byte(receiptPrefix + "\xff")); it.Valid() && len(all) < n; it.Next() {
			var r Receipt
			if err := it.Item().Value(func(raw []byte) error { return json.Unmarshal(raw, &r) }); err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	slices.Reverse(all)
	return all, nil
}

// Trim forgets whole visits beyond the newest keep, oldest first and a few at a time, but none with an entry that is not recorded,
// nor the one in progress.
func (s *Store) Trim(keep int) error {
	old, err := s.keys(visitPrefix)
	if err != nil {
		return fmt.Errorf("read visits: %w", err)
	}
	old = old[:max(0, len(old)-keep)]
	entries, waits, err := s.entriesOf(old)
	if err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(id string) bool { return waits[id] })
	for _, id := range old[:min(len(old), mostForgotten)] {
		if err := s.forget(id, entries[id]); err != nil {
			return err
		}
	}
	return s.trimEvidence()
}

// mostForgotten is how many visits one Trim forgets: behind a long outage the rest waits for the next.
const mostForgotten = 20

// entriesOf lists the entries of some visits, and which of these visits have one that waits.
func (s *Store) entriesOf(some []string) (entries map[string][]string, waits map[string]bool, err error) {
	entries, waits = map[string][]string{}, map[string]bool{}
	if len(some) == 0 {
		return entries, waits, nil
	}
	for _, id := range some {
		entries[id] = nil
	}
	err = s.db.View(func(txn *badger.Txn) error {
		return each(txn, func(r Receipt) {
			if _, wanted := entries[r.Visit]; wanted {
				entries[r.Visit] = append(entries[r.Visit], r.Entry)
				waits[r.Visit] = waits[r.Visit] || !r.Done()
			}
		})
	})
	if err != nil {
		err = fmt.Errorf("read receipts: %w", err)
	}
	return entries, waits, err
}

func (s *Store) forget(visit string, entries []string) error {
	return s.update("forget old visit", func(txn *badger.Txn) error {
		if current, err := get(txn, currentKey); err != nil || string(current) == visit {
			return err
		}
		for _, e := range entries {
			if err := errors.Join(txn.Delete([]byte(receiptPrefix+e)), txn.Delete([]byte(rawPrefix+e))); err != nil {
				return err
			}
		}
		return txn.Delete([]byte(visitPrefix + visit))
	})
}

func each(txn *badger.Txn, f func(Receipt)) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(receiptPrefix), PrefetchValues: true, PrefetchSize: 100})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		var r Receipt
		if err := it.Item().Value(func(raw []byte) error { return json.Unmarshal(raw, &r) }); err != nil {
			return err
		}
		f(r)
	}
	return nil
}
