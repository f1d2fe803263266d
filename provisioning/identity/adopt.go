package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/signed"
)

// Bundle is what headquarters sends on a stick, as JSON under its signature.
type Bundle struct {
	Format      string `json:"format"` // bundleFormat
	Name        string `json:"kiosk"`
	Site        string `json:"site,omitempty"`
	Certificate string `json:"certificate"` // PEM
	Authorities string `json:"authorities"` // PEM, the root last
	Lists       string `json:"lists"`       // PEM
}

const bundleFormat = "nabz bundle 1"

// Encode writes a bundle for the authority to sign.
func (b Bundle) Encode() ([]byte, error) {
	b.Format = bundleFormat
	return json.Marshal(b)
}

// trust takes the authorities, once.
func (f Folder) trust(all []*x509.Certificate) error {
	return f.write("ca.crt", authority.Chain(all...), 0o644)
}

// adopt puts a certificate in place that acceptable lets through. The token is of no more use then.
func (f Folder) adopt(c *x509.Certificate, at time.Time) error {
	all, err := f.Authorities()
	if err == nil {
		err = f.acceptable(c, all, at)
	}
	if err == nil {
		err = f.write("kiosk.crt", authority.Chain(append([]*x509.Certificate{c}, all...)...), 0o644)
	}
	if err != nil {
		return err
	}
	e, err := f.Enrolment()
	if err != nil || e.Token == "" {
		return err
	}
	e.Token = ""
	return f.note(e)
}

// acceptable says what is wrong with a certificate that is not for this box's key and name, not from those authorities, over by that time, or older than the one that is here.
func (f Folder) acceptable(c *x509.Certificate, authorities []*x509.Certificate, at time.Time) error {
	e, err := f.Enrolment()
	if err != nil {
		return err
	}
	if err := f.ours(c, e.Name); err != nil {
		return err
	}
	_, err = c.Verify(x509.VerifyOptions{
		Roots: pool(authorities), Intermediates: pool(authorities), CurrentTime: latest(at, c.NotBefore), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("the certificate is none of whom this kiosk trusts: %w", err)
	}
	old, err := f.Certificate()
	if err == nil && old != nil && c.NotBefore.Before(old.NotBefore) {
		err = errors.New("the certificate is older than the one that is here")
	}
	return err
}

// latest keeps a clock that stands behind a certificate's beginning from making it "not yet good": the authority's signature says that it has begun.
func latest(at, begin time.Time) time.Time {
	if at.Before(begin) {
		return begin
	}
	return at
}

// ours says what is wrong with a certificate that is for another name or another key.
func (f Folder) ours(c *x509.Certificate, name string) error {
	raw, err := f.key()
	if err != nil {
		return err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return fmt.Errorf("%s is damaged", f.at("kiosk.key"))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("%s is damaged: %w", f.at("kiosk.key"), err)
	}
	mine, ok := key.(*ecdsa.PrivateKey)
	switch {
	case c.Subject.CommonName != name:
		return fmt.Errorf("the certificate is for %s, and this box is %s", c.Subject.CommonName, name)
	case !ok || !mine.PublicKey.Equal(c.PublicKey):
		return errors.New("the certificate is for another box's key: ask with this box's request")
	}
	return nil
}

// Take puts what a stick brings in place. root is the fingerprint that a technician typed; a box that trusts somebody already needs none. Nothing changes when
// anything of it is wrong.
func (f Folder) Take(raw []byte, root string, at time.Time) error {
	known, err := f.Authorities()
	if err != nil {
		return err
	}
	roots, named := known, known
	if len(known) == 0 {
		if roots, named, err = introduced(raw, root); err != nil {
			return err
		}
	}
	content, by, err := signed.Open(raw, pool(roots), time.Time{})
	if err != nil {
		return err
	}
	if !by.IsCA {
		return fmt.Errorf("%w: a bundle comes from the authority itself", signed.ErrSignature)
	}
	var b Bundle
	if err := json.Unmarshal(content, &b); err != nil || b.Format != bundleFormat {
		return errors.New("this is no bundle for a kiosk")
	}
	certs, err := parseCerts([]byte(b.Certificate))
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return f.take(b, named, certs[0], at)
}

func (f Folder) take(b Bundle, all []*x509.Certificate, c *x509.Certificate, at time.Time) error {
	if err := f.acceptable(c, all, at); err != nil {
		return err
	}
	if _, err := parseLists([]byte(b.Lists), all); err != nil {
		return err
	}
	if err := f.trust(all); err != nil {
		return err
	}
	if err := f.takeLists([]byte(b.Lists)); err != nil {
		return err
	}
	if err := f.adopt(c, at); err != nil {
		return err
	}
	return f.place(b.Site)
}

// place notes where the box stands, when it was not told yet.
func (f Folder) place(site string) error {
	e, err := f.Enrolment()
	if err != nil || site == "" || e.Site != "" {
		return err
	}
	e.Site = site
	return f.note(e)
}

// introduced are the authorities that a bundle brings along for a box that knows nobody, if its root has the fingerprint.
func introduced(raw []byte, root string) (roots, all []*x509.Certificate, err error) {
	if root == "" {
		return nil, nil, errors.New("this box trusts nobody yet: give the fingerprint of the authority's root, which headquarters tells (kioskctl authority fingerprint)")
	}
	content, err := signed.Peek(raw)
	if err != nil {
		return nil, nil, err
	}
	var b Bundle
	if err := json.Unmarshal(content, &b); err != nil || b.Format != bundleFormat {
		return nil, nil, errors.New("this is no bundle for a kiosk")
	}
	if all, err = parseCerts([]byte(b.Authorities)); err != nil {
		return nil, nil, fmt.Errorf("bundle: %w", err)
	}
	i := slices.IndexFunc(all, func(c *x509.Certificate) bool { return c.IsCA && authority.Is(c, root) })
	if i < 0 {
		return nil, nil, errors.New("the bundle comes from another authority than the fingerprint says: do not use it, and ask headquarters")
	}
	return all[i : i+1], all, nil
}

// takeLists keeps what the authority took back, if it is from whom this kiosk trusts and no older than what is here.
func (f Folder) takeLists(raw []byte) error {
	all, err := f.Authorities()
	if err != nil {
		return err
	}
	fresh, err := parseLists(raw, all)
	if err != nil || len(fresh) == 0 {
		return err
	}
	old, err := f.lists(all)
	if err != nil {
		return err
	}
	for _, l := range fresh {
		for _, o := range old {
			if bytes.Equal(o.RawIssuer, l.RawIssuer) && o.Number.Cmp(l.Number) > 0 {
				return nil
			}
		}
	}
	return f.write("ca.crl", raw, 0o644)
}
