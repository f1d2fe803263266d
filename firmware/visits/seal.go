package visits

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sealer keeps patient data off the card in clear: AES-256-GCM with a random nonce, the record's id as additional data so that sealed
// records cannot be swapped.
type sealer struct{ aead cipher.AEAD }

const keySize = 32

// Chip seals a few bytes to this board, so that no other board reads them.
type Chip interface {
	Seal(secret []byte) ([]byte, error)
	Unseal(sealed []byte) ([]byte, error)
}

// openSealer reads the key at path, or makes one when neither it nor the store exists.
func openSealer(path, store string, chip Chip) (sealer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(store); err == nil {
			return sealer{}, fmt.Errorf("%s is missing: restore it, or move the store away to start without past visits", path)
		}
		key, err = newKey(path)
	}
	if err == nil {
		key, err = bound(path, key, chip)
	}
	if err != nil {
		return sealer{}, err
	}
	if len(key) != keySize {
		return sealer{}, fmt.Errorf("%s holds %d bytes, want %d: it is damaged, or sealed by a TPM that is not here: restore it", path, len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// bound is the key that a file holds, in clear or sealed by the board's chip. One in clear is sealed now, where there is a chip.
func bound(path string, held []byte, chip Chip) ([]byte, error) {
	switch {
	case len(held) != keySize && chip != nil:
		key, err := chip.Unseal(held)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: put the card back into its board, or move the store away to start without past visits", path, err)
		}
		return key, nil
	case chip == nil || len(held) != keySize:
		return held, nil
	}
	sealed, err := chip.Seal(held)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return held, writeKey(path, sealed)
}

// moveKey brings a key to where it belongs now. Cut in between, there are two of the same, and the next call ends it.
func moveKey(from, to string) error {
	key, err := os.ReadFile(from)
	if from == to || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(to); err == nil && !bytes.Equal(there, key) {
		return fmt.Errorf("%s and %s are two keys: take away the one that is not this store's", from, to)
	}
	if err := writeKey(to, key); err != nil {
		return err
	}
	return os.Remove(from)
}

// newKey makes a key and returns after it is on stable storage.
func newKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	return key, writeKey(path, key)
}

// writeKey returns after the key is on stable storage.
func writeKey(path string, key []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (s sealer) close(plain []byte, id string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(id))
}

func (s sealer) open(sealed []byte, id string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("visit %s does not open with this kiosk's key", id)
	}
	return plain, nil
}
