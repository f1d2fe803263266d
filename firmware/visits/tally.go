package visits

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/google/uuid"
)

// Tally counts what this store has ever seen; it outlasts the visits that are forgotten. It is written in the same step as what it counts.
type Tally struct {
	Store      string `json:"store"` // of this store alone: another card, another name
	Saved      int    `json:"saved"` // entries of the queue, retractions too
	Recorded   int    `json:"recorded"`
	Superseded int    `json:"superseded"` // readings that a later one replaced
	Retracted  int    `json:"retracted"`  // retractions among the saved ones
}

const tallyKey = "tally"

// Tally is how it stands now.
func (s *Store) Tally() (t Tally, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		t, _, err = getJSON[Tally](txn, tallyKey)
		return err
	})
	if err != nil {
		return Tally{}, fmt.Errorf("read tally: %w", err)
	}
	return t, nil
}

// beginTally counts what a store of an earlier version has.
func (s *Store) beginTally() error {
	return s.update("begin tally", func(txn *badger.Txn) error {
		if _, found, err := getJSON[Tally](txn, tallyKey); err != nil || found {
			return err
		}
		t := Tally{Store: uuid.NewString()}
		if err := each(txn, func(r Receipt) { t.count(Receipt{Kind: r.Kind}, r) }); err != nil {
			return err
		}
		return setJSON(txn, tallyKey, t)
	})
}

// count adds what a receipt's change is.
func (t *Tally) count(before, after Receipt) {
	reached := func(s Step) bool {
		_, then := before.Steps[s]
		_, now := after.Steps[s]
		return now && !then
	}
	if reached(Saved) {
		t.Saved++
		if after.Kind == kindRetraction {
			t.Retracted++
		}
	}
	if reached(Recorded) {
		t.Recorded++
	}
	if before.Superseded == "" && after.Superseded != "" {
		t.Superseded++
	}
}
