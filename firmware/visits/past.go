package visits

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Visit returns the saved state of a visit, or nil when it is not kept any more.
func (s *Store) Visit(id string) (saved []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		saved, err = s.visit(txn, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read visit: %w", err)
	}
	return saved, nil
}

func (s *Store) visit(txn *badger.Txn, id string) ([]byte, error) {
	sealed, err := get(txn, visitPrefix+id)
	if err != nil || sealed == nil {
		return nil, err
	}
	return s.seal.open(sealed, id)
}

// Latest calls each with the saved states of the newest visits, newest first (ids are UUIDv7), until it returns false.
func (s *Store) Latest(each func(id string, saved []byte) bool) error {
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(visitPrefix), Reverse: true, PrefetchValues: true, PrefetchSize: 20})
		defer it.Close()
		for it.Seek([]byte(visitPrefix + "\xff")); it.Valid(); it.Next() {
			id := string(it.Item().Key()[len(visitPrefix):])
			sealed, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			saved, err := s.seal.open(sealed, id)
			if err != nil {
				return err
			}
			if !each(id, saved) {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read visits: %w", err)
	}
	return nil
}

// Amend keeps the state of a visit that is over, with the receipts that begin, and marks it as not put.
func (s *Store) Amend(id string, saved []byte, begun ...Begun) error {
	return s.update("amend visit", func(txn *badger.Txn) error {
		for _, b := range begun {
			if err := begin(txn, b.Receipt); err != nil {
				return err
			}
		}
		return errors.Join(txn.Set([]byte(visitPrefix+id), s.seal.close(saved, id)), txn.Set([]byte(unputPrefix+id), nil))
	})
}

// Unput names the visits that are over and whose newest entries a crash may have kept from the queue, in order. AllPut forgets the marks.
func (s *Store) Unput() (ids []string, err error) {
	return s.keys(unputPrefix)
}

// AllPut says that the queue has every entry of every visit.
func (s *Store) AllPut() error {
	ids, err := s.Unput()
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.update("note what was put", func(txn *badger.Txn) error {
		for _, id := range ids {
			if err := txn.Delete([]byte(unputPrefix + id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// keys are what stands behind a prefix, in order.
func (s *Store) keys(prefix string) (all []string, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(prefix)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			all = append(all, string(it.Item().Key()[len(prefix):]))
		}
		return nil
	})
	return all, err
}
