package ledger

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// Unread calls f with what Add kept of every Bundle that no doctor has opened, in order of id.
func (l *Ledger) Unread(f func(id string, note []byte) error) error {
	err := l.db.View(func(txn *badger.Txn) error {
		return each(txn, "u", func(rest string, value []byte) error { return f(rest, value) })
	})
	if err != nil {
		return fmt.Errorf("read what is unread: %w", err)
	}
	return nil
}

// Opened notes that a doctor has opened these Bundles, and in the same step the errand that tells the kiosk of it, for each that was unread; of the
// others nothing changes. It returns how many were.
func (l *Ledger) Opened(ids []string, errand func(id string) Errand) (n int, err error) {
	err = l.db.Update(func(txn *badger.Txn) error {
		n = 0
		for _, id := range ids {
			if _, err := txn.Get([]byte("u" + id)); errors.Is(err, badger.ErrKeyNotFound) {
				continue
			} else if err != nil {
				return err
			}
			if err := errors.Join(txn.Delete([]byte("u"+id)), setErrand(txn, errand(id))); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("note what was opened: %w", err)
	}
	return n, nil
}

// Withdrawn forgets that a Bundle is unread: it was retracted before anybody opened it. It says whether it was.
func (l *Ledger) Withdrawn(id string) (was bool, err error) {
	err = l.db.Update(func(txn *badger.Txn) error {
		_, err := txn.Get([]byte("u" + id))
		if was = err == nil; !was {
			if errors.Is(err, badger.ErrKeyNotFound) {
				err = nil
			}
			return err
		}
		return txn.Delete([]byte("u" + id))
	})
	if err != nil {
		return false, fmt.Errorf("note what was withdrawn: %w", err)
	}
	return was, nil
}

// each calls f with what stands behind a prefix, in order of its keys.
func each(txn *badger.Txn, prefix string, f func(rest string, value []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(prefix), PrefetchValues: true, PrefetchSize: 100})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		rest := string(it.Item().Key()[len(prefix):])
		if err := it.Item().Value(func(value []byte) error { return f(rest, value) }); err != nil {
			return err
		}
	}
	return nil
}
