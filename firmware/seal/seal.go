package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	version  = 1
	headSize = 4
	encSize  = 32
	keySize  = chacha20poly1305.KeySize
	wrapped  = keySize + chacha20poly1305.Overhead
	perTo    = idSize + encSize + wrapped

	// MostRecipients is how many keys one thing is sealed to.
	MostRecipients = 4
)

var magic = [2]byte{'n', 'z'}

// info binds every wrapped key to this form.
var info = []byte("nabz seal 1")

// Seal seals contents to one or more keys. The same contents never give the same bytes.
func Seal(to []Public, label string, plain []byte) ([]byte, error) {
	if len(to) == 0 || len(to) > MostRecipients {
		return nil, fmt.Errorf("seal: %d recipients, want 1 to %d", len(to), MostRecipients)
	}
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	out := make([]byte, 0, headSize+len(to)*perTo+len(plain)+chacha20poly1305.Overhead)
	out = append(out, magic[0], magic[1], version, byte(len(to)))
	for _, p := range to {
		enc, s, err := hpke.NewSender(p.key, kdf, aead, info)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		w, err := s.Seal([]byte(label), key)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		out = append(append(append(out, p.id[:]...), enc...), w...)
	}
	box, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	return box.Seal(out, make([]byte, box.NonceSize()), plain, append(bytes.Clone(out), label...)), nil
}

// Is says whether bytes begin like something sealed.
func Is(b []byte) bool { return len(b) > headSize && b[0] == magic[0] && b[1] == magic[1] }

var (
	// ErrNotForUs is something sealed to other keys.
	ErrNotForUs = errors.New("it is sealed to a key that is not here")
	// ErrBroken is something that was changed, or sealed as something else.
	ErrBroken = errors.New("the seal is broken")
)

// Open opens what was sealed to one of the keys under the same label. Its errors tell nothing of the contents.
func Open(keys []Private, label string, sealed []byte) ([]byte, error) {
	if !Is(sealed) || sealed[2] != version {
		return nil, errors.New("nothing sealed, or by a newer kiosk: update the clinic")
	}
	n := int(sealed[3])
	end := headSize + n*perTo
	if n == 0 || n > MostRecipients || len(sealed) < end+chacha20poly1305.Overhead {
		return nil, ErrBroken
	}
	for i := range n {
		to := sealed[headSize+i*perTo:][:perTo]
		for _, k := range keys {
			if bytes.Equal(to[:idSize], k.public.id[:]) {
				return open(k, label, to[idSize:], sealed[:end], sealed[end:])
			}
		}
	}
	return nil, ErrNotForUs
}

func open(k Private, label string, to, head, box []byte) ([]byte, error) {
	r, err := hpke.NewRecipient(to[:encSize], k.key, kdf, aead, info)
	if err != nil {
		return nil, ErrBroken
	}
	key, err := r.Open([]byte(label), to[encSize:])
	if err != nil {
		return nil, ErrBroken
	}
	var c cipher.AEAD
	if c, err = chacha20poly1305.New(key); err != nil {
		return nil, ErrBroken
	}
	plain, err := c.Open(nil, make([]byte, c.NonceSize()), box, append(bytes.Clone(head), label...))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}
