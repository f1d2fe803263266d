package visits

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"
)

// Begun is a receipt that begins, with the capture of the device's line that its reading came from; nil when there is none.
type Begun struct {
	Receipt
	Evidence []byte
}

// ErrNoEvidence says that there is none of a reading.
var ErrNoEvidence = errors.New("nothing is kept of what the device sent: it was entered by hand, or is too old")

// keepEvidence is the newest evidence that stays.
const keepEvidence = 500

func (s *Store) keepEvidence(txn *badger.Txn, b Begun) error {
	if b.Evidence == nil {
		return nil
	}
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(b.Evidence); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	key := rawPrefix + b.Entry
	return txn.Set([]byte(key), s.seal.close(small.Bytes(), key))
}

// Evidence returns the capture that a reading came from, byte for byte as it was kept; ErrNoEvidence when there is none.
func (s *Store) Evidence(entry string) (capture []byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		key := rawPrefix + entry
		sealed, err := get(txn, key)
		if err != nil {
			return err
		}
		if sealed == nil {
			return ErrNoEvidence
		}
		small, err := s.seal.open(sealed, key)
		if err != nil {
			return err
		}
		capture, err = io.ReadAll(flate.NewReader(bytes.NewReader(small)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", entry, err)
	}
	return capture, nil
}

// trimEvidence forgets all but the newest.
func (s *Store) trimEvidence() error {
	return s.update("forget old evidence", func(txn *badger.Txn) error {
		var keys [][]byte
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(rawPrefix)})
		for it.Rewind(); it.Valid(); it.Next() {
			keys = append(keys, it.Item().KeyCopy(nil))
		}
		it.Close()
		for _, key := range keys[:max(0, len(keys)-keepEvidence)] { // ids are UUIDv7: their order is that of time
			if err := txn.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
}
