package identity

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lists are the revocation lists that are here.
func (f Folder) lists(authorities []*x509.Certificate) ([]*x509.RevocationList, error) {
	raw, err := os.ReadFile(f.at("ca.crl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseLists(raw, authorities)
}

// parseLists reads lists in PEM, each signed by one of the authorities.
func parseLists(raw []byte, authorities []*x509.Certificate) (all []*x509.RevocationList, err error) {
	for {
		var block *pem.Block
		if block, raw = pem.Decode(raw); block == nil {
			return all, nil
		}
		l, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("revocation list: %w", err)
		}
		if !vouched(l, authorities) {
			return nil, errors.New("revocation list: none of whom this kiosk trusts")
		}
		all = append(all, l)
	}
}

func vouched(l *x509.RevocationList, authorities []*x509.Certificate) bool {
	for _, a := range authorities {
		if l.CheckSignatureFrom(a) == nil {
			return true
		}
	}
	return false
}

// Revoked says whether the authority took a certificate back, as far as this kiosk has heard.
func (f Folder) Revoked(c *x509.Certificate) (bool, error) {
	authorities, err := f.Authorities()
	if err != nil {
		return false, err
	}
	all, err := f.lists(authorities)
	if err != nil {
		return false, err
	}
	for _, l := range all {
		if !bytes.Equal(l.RawIssuer, c.RawIssuer) {
			continue
		}
		for _, e := range l.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
