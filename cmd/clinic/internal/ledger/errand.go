package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"nabz/firmware/wire"
)

// Errand is what a kiosk is to be told, again and again until it has confirmed an end.
type Errand struct {
	Kiosk   string            `json:"kiosk"`
	Command wire.Command      `json:"command"` // its TTL is set whenever it is sent; without a kind it is the receipt "seen" for the Bundle ID
	Made    time.Time         `json:"made"`
	Until   time.Time         `json:"until"` // the end of waiting for the kiosk's people; a receipt "seen" has none
	Status  wire.ResultStatus `json:"status,omitempty"`
	Heard   time.Time         `json:"heard,omitzero"` // when Status was told
	By      string            `json:"by,omitempty"`   // the worker who did it
	Why     string            `json:"why,omitempty"`  // of a refusal
}

// keepOver is how long an errand that came to its end can be looked at.
const keepOver = 7 * 24 * time.Hour

// keepReceipt is how long a receipt "seen" is told to a kiosk that never confirms it: one of an earlier version does not know how.
const keepReceipt = 60 * 24 * time.Hour

// Post keeps an errand.
func (l *Ledger) Post(e Errand) error {
	if err := l.db.Update(func(txn *badger.Txn) error { return setErrand(txn, e) }); err != nil {
		return fmt.Errorf("keep an errand for %s: %w", e.Kiosk, err)
	}
	return nil
}

// Errands are all that is known of those of a kiosk, oldest first.
func (l *Ledger) Errands(kiosk string) (all []Errand, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		return each(txn, "e"+kiosk+"/", func(_ string, value []byte) error {
			var e Errand
			err := json.Unmarshal(value, &e)
			all = append(all, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read errands for %s: %w", kiosk, err)
	}
	return all, nil
}

// Settle notes how far an errand has come; false when there is none of that id, or nothing new. A step back is nothing new, for messages overtake one another. A
// receipt that was confirmed is forgotten.
func (l *Ledger) Settle(kiosk string, r wire.Result, now time.Time) (changed bool, err error) {
	key := errandKey(kiosk, r.ID)
	err = l.db.Update(func(txn *badger.Txn) error {
		changed = false
		e, found, err := getJSON[Errand](txn, key)
		if err != nil || !found {
			return err
		}
		if e.Status.Over() || rank(r.Status) <= rank(e.Status) {
			return nil
		}
		changed = true
		if e.Command.Kind == "" {
			return txn.Delete([]byte(key))
		}
		e.Status, e.Heard, e.By, e.Why = r.Status, now, r.By, r.Why
		return setErrand(txn, e)
	})
	if err != nil {
		return false, fmt.Errorf("note what became of an errand: %w", err)
	}
	return changed, nil
}

func rank(s wire.ResultStatus) int {
	switch s {
	case "":
		return 0
	case wire.ResultKept:
		return 1
	case wire.ResultShown:
		return 2
	}
	return 3
}

// Forget forgets what came to its end long ago.
func (l *Ledger) Forget(now time.Time) error {
	var old []string
	err := l.db.Update(func(txn *badger.Txn) error {
		old = nil
		err := each(txn, "e", func(rest string, value []byte) error {
			var e Errand
			if err := json.Unmarshal(value, &e); err != nil {
				return err
			}
			if e.Status.Over() && now.Sub(e.Heard) > keepOver || e.Command.Kind == "" && now.Sub(e.Made) > keepReceipt {
				old = append(old, rest)
			}
			return nil
		})
		for _, rest := range old {
			err = errors.Join(err, txn.Delete([]byte("e"+rest)))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("forget old errands: %w", err)
	}
	return nil
}

// Awaited are the kiosks that have an errand which has not come to its end.
func (l *Ledger) Awaited() (kiosks []string, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		return each(txn, "e", func(_ string, value []byte) error {
			var e Errand
			if err := json.Unmarshal(value, &e); err != nil {
				return err
			}
			if !e.Status.Over() && (len(kiosks) == 0 || kiosks[len(kiosks)-1] != e.Kiosk) {
				kiosks = append(kiosks, e.Kiosk)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read errands: %w", err)
	}
	return kiosks, nil
}

func setErrand(txn *badger.Txn, e Errand) error {
	return setJSON(txn, errandKey(e.Kiosk, e.Command.ID), e)
}

func errandKey(kiosk, id string) string { return "e" + kiosk + "/" + id }
