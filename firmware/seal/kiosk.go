package seal

import (
	"crypto/ecdsa"
	"crypto/hpke"
)

// ToKiosk seals a few words to the kiosk whose certificate has that key (HPKE over P-256). The same key signs: one key pair for ECDSA and for HPKE is sound, and a
// second one would have to be certified too.
func ToKiosk(to *ecdsa.PublicKey, label string, plain []byte) ([]byte, error) {
	key, err := to.ECDH()
	if err != nil {
		return nil, err
	}
	p, err := hpke.NewDHKEMPublicKey(key)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(p, kdf, aead, []byte("nabz command 1 "+label), plain)
}

// Open opens what ToKiosk sealed.
func (s *Signer) Open(label string, sealed []byte) ([]byte, error) {
	key, err := s.key.ECDH()
	if err != nil {
		return nil, err
	}
	k, err := hpke.NewDHKEMPrivateKey(key)
	if err != nil {
		return nil, err
	}
	plain, err := hpke.Open(k, kdf, aead, []byte("nabz command 1 "+label), sealed)
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}
