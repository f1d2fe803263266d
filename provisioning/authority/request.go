package authority

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
)

// What a kiosk, a clinic or a broker does at home, where its key stays.

// NewKey makes a key, as PEM.
func NewKey() ([]byte, error) {
	k, err := newKey()
	if err != nil {
		return nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), err
}

// RequestOf is the request (PKCS #10, as PEM) for a certificate of that name with a key that NewKey made.
func RequestOf(key []byte, name string) ([]byte, error) {
	k, err := parseKey(key)
	if err != nil {
		return nil, errors.New("this is no private key of ECDSA in PKCS #8")
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, k)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), err
}

// NameOf is the name that a request asks for.
func NameOf(csr []byte) (string, error) {
	r, err := parseCSR(csr)
	if err != nil {
		return "", err
	}
	return r.Subject.CommonName, nil
}
