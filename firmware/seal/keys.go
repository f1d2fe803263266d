package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Public is a recipient's key.
type Public struct {
	key hpke.PublicKey
	id  [idSize]byte
}

// Private is what opens.
type Private struct {
	key    hpke.PrivateKey
	public Public
}

const (
	idSize        = 8
	publicPrefix  = "nabz-seal-1-"
	privatePrefix = "NABZ-SEAL-SECRET-1-"
)

var (
	kem  = hpke.DHKEM(ecdh.X25519())
	kdf  = hpke.HKDFSHA256()
	aead = hpke.ChaCha20Poly1305()
)

// NewKey makes a clinic's key.
func NewKey() (Private, error) {
	k, err := kem.GenerateKey()
	if err != nil {
		return Private{}, err
	}
	return private(k), nil
}

func private(k hpke.PrivateKey) Private { return Private{k, public(k.PublicKey())} }

func public(k hpke.PublicKey) Public {
	p := Public{key: k}
	sum := sha256.Sum256(k.Bytes())
	copy(p.id[:], sum[:])
	return p
}

// Public is the key that others seal to.
func (p Private) Public() Public { return p.public }

// String is the key as kiosk.toml and profiles have it.
func (p Public) String() string {
	if p.key == nil {
		return ""
	}
	return publicPrefix + base64.RawURLEncoding.EncodeToString(p.key.Bytes())
}

// ID names the key in few letters.
func (p Public) ID() string { return hex.EncodeToString(p.id[:]) }

// ParsePublic reads what String wrote.
func ParsePublic(text string) (Public, error) {
	raw, err := decode(text, publicPrefix)
	if err != nil {
		return Public{}, err
	}
	k, err := kem.NewPublicKey(raw)
	if err != nil {
		return Public{}, errors.New("this is no key to seal to: see kioskctl seal-key")
	}
	return public(k), nil
}

// Secret is the private key as its file has it. It belongs nowhere else.
func (p Private) Secret() (string, error) {
	raw, err := p.key.Bytes()
	return privatePrefix + base64.RawURLEncoding.EncodeToString(raw), err
}

// ReadKey reads a private key's file, which nobody else may read. Lines that begin with # are for people.
func ReadKey(path string) (Private, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Private{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Private{}, fmt.Errorf("%s can be read by others: chmod 600 %s", path, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Private{}, err
	}
	for line := range bytes.Lines(raw) {
		if text := strings.TrimSpace(string(line)); text != "" && !strings.HasPrefix(text, "#") {
			return parsePrivate(text, path)
		}
	}
	return Private{}, fmt.Errorf("%s holds no key that opens seals", path)
}

func parsePrivate(text, path string) (Private, error) {
	raw, err := decode(text, privatePrefix)
	if err == nil {
		var k hpke.PrivateKey
		if k, err = kem.NewPrivateKey(raw); err == nil {
			return private(k), nil
		}
	}
	return Private{}, fmt.Errorf("%s holds no key that opens seals", path)
}

func decode(text, prefix string) ([]byte, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), prefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if !ok || err != nil {
		return nil, fmt.Errorf("a key begins with %s and is base64", prefix)
	}
	return raw, nil
}
