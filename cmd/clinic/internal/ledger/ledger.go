// Package ledger remembers, durably, what the clinic recorded: for each Bundle's id a hash of its bytes and where it is, and for each kiosk
// what it must still be told. It is what makes a repeated Bundle a duplicate instead of a second copy.
//
//	b{id}            entry as JSON
//	u{id}            what is shown of a Bundle that no doctor has opened
//	c{kiosk}         how many Bundles of a kiosk are recorded
//	k{kiosk}/{key}   a certificate that a kiosk signs with, DER; without a key the newest
//	t{kiosk}         its account as JSON: its own tally beside that
//	d{kiosk}/{day}   the same by day
//	e{kiosk}/{id}    an errand as JSON: what a kiosk is to be told and has to confirm, in order of id (UUIDv7)
//	o{kiosk}/{n}     a receipt for that kiosk that could not be published, in order of n
//
// Every method that changes something returns after the change is on stable storage (Badger with SyncWrites).
package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"

	"nabz/firmware/fhir"
)

// Ledger is the store. It is safe for concurrent use.
type Ledger struct {
	db   *badger.DB
	next atomic.Uint64 // number of the next message
}

// Entry is what is known of a recorded Bundle.
type Entry struct {
	Hash    string          `json:"hash"`             // SHA-256 of the Bundle's bytes
	Loc     []string        `json:"loc"`              // where it is: "Observation/123", or a line of the record folder
	Patient fhir.Identifier `json:"patient,omitzero"` // whose it is; empty in entries of an earlier version
}

// Open opens the ledger in dir, making it when it is not there. A second process is refused.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	db, err := badger.Open(badger.DefaultOptions(dir).WithSyncWrites(true).WithLogger(nil).WithMetricsEnabled(false).
		WithMemTableSize(8 << 20).WithValueThreshold(128 << 10).WithValueLogFileSize(1 << 20).WithNumCompactors(2))
	if err != nil {
		if strings.Contains(err.Error(), "Cannot acquire directory lock") {
			return nil, fmt.Errorf("open ledger: %s is in use by another clinic: stop it first", dir)
		}
		return nil, fmt.Errorf("open ledger: %w: move %s aside and start again: it is rebuilt from the record folder", err, dir)
	}
	l := &Ledger{db: db}
	l.next.Store(uint64(time.Now().UnixNano())) // above every number of an earlier run, and only order within a run matters
	return l, nil
}

// Close closes the ledger.
func (l *Ledger) Close() error { return l.db.Close() }

// Hash is how Entry.Hash is made.
func Hash(bundle []byte) string {
	h := sha256.Sum256(bundle)
	return hex.EncodeToString(h[:])
}

// Find returns what is known of a Bundle's id.
func (l *Ledger) Find(id string) (e Entry, found bool, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		e, found, err = getJSON[Entry](txn, "b"+id)
		return err
	})
	if err != nil {
		return e, false, fmt.Errorf("look up %s in the ledger: %w", id, err)
	}
	return e, found, nil
}

// Add notes that a Bundle is recorded, and, when unread is not nil, that no doctor has opened it. An id that is known keeps its first entry.
func (l *Ledger) Add(id string, e Entry, unread []byte) error {
	if _, known, err := l.Find(id); err != nil || known {
		return err
	}
	raw, err := json.Marshal(e)
	if err == nil {
		err = l.db.Update(func(txn *badger.Txn) error {
			if unread != nil {
				if err := txn.Set([]byte("u"+id), unread); err != nil {
					return err
				}
			}
			return errors.Join(countOne(txn, id), txn.Set([]byte("b"+id), raw))
		})
	}
	if err != nil {
		return fmt.Errorf("note %s in the ledger: %w", id, err)
	}
	return nil
}

// Message is something that a kiosk must still be told.
type Message struct {
	Kiosk   string
	number  uint64
	Payload []byte
}

// Keep keeps a message for a kiosk until Told.
func (l *Ledger) Keep(kiosk string, payload []byte) error {
	key := outKey(kiosk, l.next.Add(1))
	if err := l.db.Update(func(txn *badger.Txn) error { return txn.Set(key, payload) }); err != nil {
		return fmt.Errorf("keep a message for %s: %w", kiosk, err)
	}
	return nil
}

// Kept returns what a kiosk must still be told, oldest first.
func (l *Ledger) Kept(kiosk string) (all []Message, err error) {
	prefix := []byte("o" + kiosk + "/")
	err = l.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, PrefetchValues: true, PrefetchSize: 16})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			raw, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			n := binary.BigEndian.Uint64(it.Item().Key()[len(prefix):])
			all = append(all, Message{Kiosk: kiosk, number: n, Payload: raw})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read messages for %s: %w", kiosk, err)
	}
	return all, nil
}

// Told forgets a message that the kiosk was sent.
func (l *Ledger) Told(m Message) error {
	if err := l.db.Update(func(txn *badger.Txn) error { return txn.Delete(outKey(m.Kiosk, m.number)) }); err != nil {
		return fmt.Errorf("forget a message for %s: %w", m.Kiosk, err)
	}
	return nil
}

func outKey(kiosk string, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("o"+kiosk+"/"), n)
}
