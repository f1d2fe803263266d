package visits

import (
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

// openSealer reads the key at path, or makes one when neither it nor a store beside it exists.
func openSealer(path string) (sealer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "store")); err == nil {
			return sealer{}, fmt.Errorf("%s is missing: restore it, or move the store away to start without past visits", path)
		}
		key, err = newKey(path)
	}
	if err != nil {
		return sealer{}, err
	}
	if len(key) != keySize {
		return sealer{}, fmt.Errorf("%s holds %d bytes, want %d: restore it", path, len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// newKey makes a key and returns after it is on stable storage.
func newKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return key, errors.Join(dir.Sync(), dir.Close())
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
