package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
)

// SignatureSize is how many bytes a signature has: r and s, 32 each (ECDSA, P-256, SHA-256).
const SignatureSize = 64

// Signer is a kiosk's key, as its identity has it.
type Signer struct {
	key *ecdsa.PrivateKey
	ID  string // of the public key, as KeyID gives it
}

// ReadSigner reads the key of a kiosk's certificate: PKCS #8 in PEM.
func ReadSigner(path string) (*Signer, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key in PEM", path)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := k.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s holds a key of another kind than ECDSA P-256", path)
	}
	id, err := KeyID(&key.PublicKey)
	return &Signer{key, id}, err
}

// KeyID names a public key: 8 bytes of its SHA-256 in hexadecimal.
func KeyID(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8]), err
}

// Sign adds a signature to a message. The same message gives the same bytes (RFC 6979), so that it can be sent again.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	der, err := s.key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	raw, err := fixed(der)
	return append(message[:len(message):len(message)], raw...), err
}

// ErrSignature is a message that its sender has not signed as it is.
var ErrSignature = errors.New("the kiosk has not signed this as it is")

// Verify takes the signature off a message.
func Verify(key *ecdsa.PublicKey, signed []byte) ([]byte, error) {
	if len(signed) < SignatureSize {
		return nil, ErrSignature
	}
	message, sig := signed[:len(signed)-SignatureSize], signed[len(signed)-SignatureSize:]
	sum := sha256.Sum256(message)
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return nil, ErrSignature
	}
	return message, nil
}
