package visits

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// Store is the kiosk's memory of visits. It is safe for concurrent use.
type Store struct {
	db   *badger.DB
	seal sealer

	writes sync.Mutex
}

const (
	currentKey    = "current"
	visitPrefix   = "visit/"
	receiptPrefix = "receipt/"
	rawPrefix     = "raw/"
	namedPrefix   = "named/"
	unputPrefix   = "unput/"

	kindRetraction = "retraction" // Receipt.Kind
)

// Open opens the store in dir, making it when it is not there. A second process is refused. The sealing key is the file at key, which belongs on another partition than dir:
// whoever has both can read the store. It is made at the first Open; without it a store that was used cannot be read, and Open says so. An empty key is
// visits.key beside the store; one that lies there from before moves to where key says. With a chip the file holds what the chip has sealed, and one that is in clear
// is sealed now; a file that is sealed needs the chip of its board.
func Open(dir, key string, chip Chip) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open visits: %w", err)
	}
	beside := filepath.Join(dir, "visits.key")
	if key == "" {
		key = beside
	}
	if err := moveKey(beside, key); err != nil {
		return nil, fmt.Errorf("open visits: %w", err)
	}
	seal, err := openSealer(key, filepath.Join(dir, "store"), chip)
	if err != nil {
		return nil, fmt.Errorf("open visits: %w", err)
	}
	db, err := badger.Open(options(filepath.Join(dir, "store")))
	if err != nil {
		return nil, fmt.Errorf("open visits: %w: is another kiosk running on this folder?", err)
	}
	s := &Store{db: db, seal: seal}
	if err := s.beginTally(); err != nil {
		return nil, errors.Join(fmt.Errorf("open visits: %w", err), s.Close())
	}
	return s, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

// options are small: a visit is a few kilobytes and changes a few times a minute. Values stay in the tree, so there is no value log to
// collect. Small tables, because a compaction takes several times a table's size in memory.
func options(dir string) badger.Options {
	return badger.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil).WithMetricsEnabled(false).
		WithMemTableSize(1 << 20).WithNumMemtables(2).WithBaseTableSize(512 << 10).WithBaseLevelSize(4 << 20).WithValueThreshold(128 << 10).WithValueLogFileSize(1 << 20).
		WithBlockCacheSize(1 << 20).WithIndexCacheSize(1 << 20).WithNumCompactors(2)
}

// KeepVisit keeps the exam's saved state of a visit; open says whether it is the one in progress. Receipts begin in the same
// transaction, with no step reached and with their evidence; one that is known already stays as it is. A visit that is over is marked as
// not put: see Unput.
func (s *Store) KeepVisit(id string, saved []byte, open bool, begun ...Begun) error {
	return s.update("keep visit", func(txn *badger.Txn) error {
		for _, b := range begun {
			if err := errors.Join(begin(txn, b.Receipt), s.keepEvidence(txn, b)); err != nil {
				return err
			}
		}
		if err := txn.Set([]byte(visitPrefix+id), s.seal.close(saved, id)); err != nil {
			return err
		}
		if open {
			return txn.Set([]byte(currentKey), []byte(id))
		}
		if err := txn.Delete([]byte(currentKey)); err != nil {
			return err
		}
		return txn.Set([]byte(unputPrefix+id), nil)
	})
}

// Remember keeps a small record of that name, sealed: the screen's session holds patients' identifiers, a worker's account the hash of a PIN. It
// is on stable storage when Remember returns nil. Remembered returns it, nil when there is none.
func (s *Store) Remember(name string, record []byte) error {
	return s.update("keep "+name, func(txn *badger.Txn) error {
		return txn.Set([]byte(namedPrefix+name), s.seal.close(record, name))
	})
}

// Remembered returns what Remember kept.
func (s *Store) Remembered(name string) (record []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		sealed, err := get(txn, namedPrefix+name)
		if err != nil || sealed == nil {
			return err
		}
		record, err = s.seal.open(sealed, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return record, nil
}

// Forgotten removes what Remember kept under that name.
func (s *Store) Forgotten(name string) error {
	return s.update("forget "+name, func(txn *badger.Txn) error { return txn.Delete([]byte(namedPrefix + name)) })
}

// Names lists the records whose names begin so, in order.
func (s *Store) Names(prefix string) ([]string, error) {
	names, err := s.keys(namedPrefix + prefix)
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names, err
}

// Current returns the saved state of the visit in progress, or nil when there is none.
func (s *Store) Current() ([]byte, error) {
	var saved []byte
	err := s.db.View(func(txn *badger.Txn) error {
		id, err := get(txn, currentKey)
		if err != nil || id == nil {
			return err
		}
		saved, err = s.visit(txn, string(id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read visit in progress: %w", err)
	}
	return saved, nil
}

// update runs f in one synced transaction. One at a time: of two that read and write the same receipt Badger would refuse the later one.
func (s *Store) update(what string, f func(*badger.Txn) error) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	if err := s.db.Update(f); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// get returns the value of key, or nil when there is none.
func get(txn *badger.Txn, key string) ([]byte, error) {
	item, err := txn.Get([]byte(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.ValueCopy(nil)
}

func getJSON[T any](txn *badger.Txn, key string) (v T, found bool, err error) {
	raw, err := get(txn, key)
	if err != nil || raw == nil {
		return v, false, err
	}
	return v, true, json.Unmarshal(raw, &v)
}

func setJSON(txn *badger.Txn, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return txn.Set([]byte(key), raw)
}
