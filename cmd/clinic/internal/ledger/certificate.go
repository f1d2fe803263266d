package ledger

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// KeepCertificate notes the certificate that a kiosk signs with now, by the id of its key. The one of a key that was known is replaced.
func (l *Ledger) KeepCertificate(kiosk, key string, der []byte) error {
	known, err := l.Certificate(kiosk, key)
	if err != nil {
		return err
	}
	newest, err := l.NewestCertificate(kiosk)
	if err != nil || bytes.Equal(known, der) && bytes.Equal(newest, der) {
		return err
	}
	err = l.db.Update(func(txn *badger.Txn) error {
		if err := txn.Set([]byte("k"+kiosk+"/"+key), der); err != nil {
			return err
		}
		return txn.Set([]byte("k"+kiosk+"/"), der)
	})
	if err != nil {
		return fmt.Errorf("keep the certificate of %s: %w", kiosk, err)
	}
	return nil
}

// Certificate is the one of a kiosk's key; nil when it never came.
func (l *Ledger) Certificate(kiosk, key string) (der []byte, err error) {
	err = l.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get([]byte("k" + kiosk + "/" + key))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		der, err = item.ValueCopy(nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up the certificate of %s: %w", kiosk, err)
	}
	return der, nil
}

// NewestCertificate is the one that a kiosk came with last; nil when none ever came.
func (l *Ledger) NewestCertificate(kiosk string) ([]byte, error) { return l.Certificate(kiosk, "") }
