package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// UsualCost is age's own default, in powers of two.
const UsualCost = 18

// seal encrypts a key, as PEM.
func seal(passphrase string, cost int, key *ecdsa.PrivateKey) ([]byte, error) {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(cost)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err == nil {
		err = pem.Encode(w, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	if err != nil {
		return nil, err
	}
	err = w.Close()
	return sealed.Bytes(), err
}

// unseal reads a key that seal wrote.
func unseal(path, passphrase string) (*ecdsa.PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	who, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(f, who)
	if err != nil {
		return nil, fmt.Errorf("%s: the passphrase is wrong, or the key is damaged", path)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return parseKey(text)
}

func parseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no private key in PEM")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("a key of another kind than ECDSA")
	}
	return key, nil
}
