package intake

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"nabz/firmware/fhir"
	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// Seals are what opens sealed readings and says who signed them.
type Seals struct {
	Keys    []seal.Private
	Trusted *x509.CertPool // whose certificates kiosks have
}

// know keeps the certificate that a kiosk signs with, once it is known to be the kiosk's.
func (in *Intake) know(kiosk string, der []byte) error {
	if len(der) == 0 || in.Seals.Trusted == nil {
		return nil
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return errors.New("its certificate cannot be read")
	}
	_, err = c.Verify(x509.VerifyOptions{
		Roots: in.Seals.Trusted, CurrentTime: c.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}) // what it signed while it was good stays signed
	if err != nil || c.Subject.CommonName != kiosk {
		return errors.New("its certificate is not the kiosk's, or not from whom this clinic trusts")
	}
	id, err := seal.KeyID(c.PublicKey)
	if err != nil {
		return err
	}
	return in.Ledger.KeepCertificate(kiosk, id, der)
}

// signerOf is the public key with that id that a kiosk signs with; nil when it is not known yet.
func (in *Intake) signerOf(kiosk, id string) (*ecdsa.PublicKey, error) {
	der, err := in.Ledger.Certificate(kiosk, id)
	if err != nil || der == nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("a certificate of another kind of key")
	}
	return key, nil
}

// unseal makes a Bundle of what a kiosk sealed and signed. why is for the kiosk, which keeps the entry.
func (in *Intake) unseal(kiosk string, payload []byte) (bundle []byte, id string, why error) {
	s, err := wire.ParseSealed(payload, seal.SignatureSize)
	if err != nil {
		return nil, "", err
	}
	if _, own := wire.EntryID(kiosk, s.ID); !own {
		return nil, "", errors.New("a kiosk speaks for another")
	}
	key, err := in.signerOf(kiosk, s.Key)
	if err != nil {
		return nil, s.ID, err
	}
	if key == nil {
		return nil, s.ID, errors.New("the certificate that it is signed with has not come yet")
	}
	if _, err := seal.Verify(key, payload); err != nil {
		return nil, s.ID, err
	}
	bundle, err = in.encode(kiosk, s)
	return bundle, s.ID, err
}

// encode opens the box and encodes what is in it, always in the same way: each try has the same bytes.
func (in *Intake) encode(kiosk string, s wire.Sealed) ([]byte, error) {
	packed, err := seal.Open(in.Seals.Keys, wire.SealedLabel(s.ID), s.Box)
	if err != nil {
		return nil, err
	}
	plain, err := wire.UnpackEntry(packed)
	if err != nil {
		return nil, err
	}
	e, err := reading.Decode(plain)
	if err != nil {
		return nil, err
	}
	if wire.BundleID(kiosk, e.ID()) != s.ID {
		return nil, errors.New("another entry is in it than its head says")
	}
	bundle, err := fhir.Encode(e, fhir.Context{
		Kiosk: kiosk, Base: in.Base, Software: s.Software, Zone: time.FixedZone("", s.Zone), Instant: s.At, Sent: s.Sent,
	})
	if err != nil {
		return nil, unfitError{err}
	}
	return bundle, nil
}

// unfitError says that an entry can never be recorded as it is: the kiosk parks it, where a person sees it.
type unfitError struct{ why error }

func (u unfitError) Error() string { return "cannot be recorded: " + u.why.Error() }

// sealed records one sealed entry and publishes its receipt.
func (d *desks) sealed(kiosk string, payload []byte) error {
	bundle, id, why := d.in.unseal(kiosk, payload)
	if why == nil {
		return d.answer(kiosk, d.in.record(d.ctx, kiosk, bundle))
	}
	d.in.Log.Error("a sealed reading cannot be taken; the kiosk keeps it", "kiosk", kiosk, "id", id, "why", why)
	if id == "" {
		return nil
	}
	status := wire.Retry // what is wrong can be mended here
	if errors.As(why, new(unfitError)) {
		status = wire.Rejected
	}
	return d.answer(kiosk, wire.Ack{ID: id, Status: status, Reason: []string{why.Error()}, By: d.in.Name, Now: time.Now().UTC()})
}

// private seals what a command says to people to the kiosk's own key, where this clinic knows one: what a doctor writes may be about a patient.
func (in *Intake) private(kiosk string, c wire.Command) (wire.Command, error) {
	if c.Text == "" || len(in.Seals.Keys) == 0 {
		return c, nil
	}
	der, err := in.Ledger.NewestCertificate(kiosk)
	if err != nil {
		return c, err
	}
	if der == nil {
		return c, nil // a kiosk that seals nothing
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return c, err
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return c, fmt.Errorf("the certificate of %s has another kind of key", kiosk)
	}
	box, err := seal.ToKiosk(key, wire.CommandLabel(c.ID), []byte(c.Text))
	c.Text, c.Box = "", box
	return c, err
}
