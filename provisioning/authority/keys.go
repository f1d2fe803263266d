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

// seal encrypts keys, as PEM one after the other.
func seal(passphrase string, cost int, keys ...*ecdsa.PrivateKey) ([]byte, error) {
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
	for _, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err == nil {
			err = pem.Encode(w, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
		}
		if err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return sealed.Bytes(), err
}

// unseal reads the two keys that seal wrote.
func unseal(path, passphrase string) (root, issuing *ecdsa.PrivateKey, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // only read
	who, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, nil, err
	}
	r, err := age.Decrypt(f, who)
	if err != nil {
		return nil, nil, errors.New("the passphrase is wrong, or the keys are damaged")
	}
	rest, err := io.ReadAll(r)
	if err == nil {
		root, rest, err = nextKey(rest)
	}
	if err == nil {
		issuing, _, err = nextKey(rest)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s is damaged", path)
	}
	return root, issuing, nil
}

func nextKey(text []byte) (key *ecdsa.PrivateKey, rest []byte, err error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, nil, errors.New("no key")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("a key of another kind")
	}
	return key, rest, nil
}
