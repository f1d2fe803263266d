package clinictest

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/intake"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
	"nabz/provisioning/authority"
)

// NewSealed starts a clinic to which kiosks seal.
func NewSealed(t *testing.T) *Place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hq")
	if err := authority.Create(dir, "Test", "synthetic horse staple", 10); err != nil {
		t.Fatal(err)
	}
	ca, err := authority.Open(dir, "synthetic horse staple")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ca.Close() })
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.Trusted())
	return open(t, intake.Seals{Keys: []seal.Private{key}, Trusted: pool}, ca)
}

// Closing is how a unit seals. It implements uplink.Sealing.
type Closing struct {
	kiosk  string
	to     []seal.Public
	signer *seal.Signer
	cert   []byte
}

// Closing makes a kiosk's key and certificate.
func (p *Place) Closing(kiosk string) *Closing {
	p.Helper()
	key, err := authority.NewKey()
	if err != nil {
		p.Fatal(err)
	}
	csr, err := authority.RequestOf(key, kiosk)
	if err != nil {
		p.Fatal(err)
	}
	cert, err := p.ca.Issue(authority.Request{Kind: authority.Kiosk, Name: kiosk, CSR: csr, Life: 24 * time.Hour, Anew: true})
	if err != nil {
		p.Fatal(err)
	}
	path := filepath.Join(p.TempDir(), "kiosk.key")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		p.Fatal(err)
	}
	signer, err := seal.ReadSigner(path)
	if err != nil {
		p.Fatal(err)
	}
	return &Closing{kiosk, []seal.Public{p.seals.Keys[0].Public()}, signer, cert.Raw}
}

// Envelope implements uplink.Sealing.
func (c *Closing) Envelope(e reading.Entry) (reading.Envelope, error) {
	plain, err := e.Encode()
	if err != nil {
		return reading.Envelope{}, err
	}
	env := e.Cover()
	env.Box, err = c.Seal(wire.SealedLabel(wire.BundleID(c.kiosk, e.ID())), wire.PackEntry(plain))
	return env, err
}

// Seal implements uplink.Sealing.
func (c *Closing) Seal(label string, plain []byte) ([]byte, error) {
	return seal.Seal(c.to, label, plain)
}

// Signer implements uplink.Sealing.
func (c *Closing) Signer() *seal.Signer { return c.signer }

// Certificate implements uplink.Sealing.
func (c *Closing) Certificate() []byte { return c.cert }

// Payload is an entry as the kiosk publishes it.
func (c *Closing) Payload(t testing.TB, e reading.Entry) []byte {
	t.Helper()
	env, err := c.Envelope(e)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	signed, err := c.signer.Sign(wire.Sealed{SealedHead: wire.SealedHead{
		ID: wire.BundleID(c.kiosk, env.ID), Key: c.signer.ID, At: clock.Instant{Time: now, Source: clock.NTP}, Sent: now, Software: "1",
	}, Box: env.Box}.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// SignProfile signs the text of a site profile.
func (p *Place) SignProfile(text string) []byte {
	p.Helper()
	raw, err := p.ca.Sign([]byte(text))
	if err != nil {
		p.Fatal(err)
	}
	return raw
}

// PutProfile has a site profile lie at the clinic for a kiosk.
func (p *Place) PutProfile(kiosk string, raw []byte) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.profiles, kiosk+".profile"), raw, 0o600); err != nil {
		p.Fatal(err)
	}
}
