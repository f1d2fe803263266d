// Package signed is what an authority, or a signer that it has named, says to kiosks: a content in CMS SignedData (RFC 5652) with the certificates that its signature needs.
// Any other program reads it: openssl cms -verify -inform DER -in FILE -CAfile ca.crt -purpose any.
package signed

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"
)

// Sign puts a content under the signature of a certificate's key. With it go the certificate and those between it and the root.
func Sign(content []byte, key crypto.PrivateKey, cert *x509.Certificate, between ...*x509.Certificate) ([]byte, error) {
	s, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	s.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := s.AddSignerChain(cert, key, between, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return s.Finish()
}

// ErrSignature is a content that nobody whom this kiosk trusts has signed as it is.
var ErrSignature = errors.New("nobody whom this kiosk trusts has signed this as it is")

// Open gives back the content, and who signed it: an issuing authority or a certificate for signing, that leads to one of the roots and was good at that time. The
// zero time is a time at which the signer's certificate was good: for what was opened before and kept.
func Open(raw []byte, roots *x509.CertPool, at time.Time) (content []byte, by *x509.Certificate, err error) {
	p, err := pkcs7.Parse(raw)
	if err != nil {
		return nil, nil, errors.New("this is nothing signed (CMS)")
	}
	by = p.GetOnlySigner()
	if by == nil {
		return nil, nil, fmt.Errorf("%w: it has not one signer", ErrSignature)
	}
	var digest []byte // without signed attributes, those of another content could be taken for a content
	if p.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest) != nil || p.Verify() != nil {
		return nil, nil, ErrSignature
	}
	if at.IsZero() {
		at = by.NotBefore
	}
	between := x509.NewCertPool()
	for _, c := range p.Certificates {
		between.AddCert(c)
	}
	_, err = by.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", ErrSignature, err)
	case !by.IsCA && !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageCodeSigning):
		return nil, nil, fmt.Errorf("%w: %s may not sign", ErrSignature, by.Subject.CommonName)
	}
	return p.Content, by, nil
}

// Peek reads a content without asking who signed it. Nothing in it is to be believed.
func Peek(raw []byte) ([]byte, error) {
	p, err := pkcs7.Parse(raw)
	if err != nil {
		return nil, errors.New("this is nothing signed (CMS)")
	}
	return p.Content, nil
}
