package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nabz/firmware/whole"
	"nabz/firmware/wire"
)

// Kind is what a certificate is for.
type Kind string

// The kinds.
const (
	Signer Kind = "signer" // signs site profiles
	Kiosk  Kind = "kiosk"  // speaks to a broker, for itself
	Clinic Kind = "clinic" // speaks to a broker, and answers all kiosks
	Server Kind = "server" // a broker, or a clinic's pages
)

// Request asks for a certificate.
type Request struct {
	Kind Kind
	Name string        // of the kiosk or the clinic; of a server the host that others call it by: a DNS name or an IP address
	CSR  []byte        // PEM or DER (PKCS #10): the key stays where it was born
	Life time.Duration // three times the longest planned outage is a good life for a kiosk
	Anew bool          // a name that has a certificate with another key gets a new one, and the old one is revoked
	Also []string      // further names and addresses of a server
}

// MostLife is the longest life of a certificate.
const MostLife = 5 * 365 * 24 * time.Hour

// ErrRequest is a request that cannot be granted as it is.
var ErrRequest = errors.New("this request cannot be granted")

// ErrTwin is a second identity of a name.
var ErrTwin = errors.New("this name has a certificate with another key: two boxes would be one kiosk; revoke it, or ask for it anew")

// Issue signs a certificate. It refuses a request that does not prove its key, a key of another kind than ECDSA P-256, a name that is none or not the
// request's own, and a second identity of a name. The certificate is in the log, on stable storage, when it is returned.
func (a *Authority) Issue(r Request) (*x509.Certificate, error) {
	csr, err := parseCSR(r.CSR)
	if err != nil {
		return nil, err
	}
	key, err := r.check(csr)
	if err != nil {
		return nil, err
	}
	var c *x509.Certificate
	err = a.exclusively(func() error {
		c, err = a.issue(r, key, "")
		return err
	})
	return c, err
}

// issue signs what was checked, within exclusively.
func (a *Authority) issue(r Request, key *ecdsa.PublicKey, token string) (*x509.Certificate, error) {
	print, err := fingerprint(key)
	if err == nil {
		err = a.settle(r, print)
	}
	if err != nil {
		return nil, err
	}
	now := a.now()
	end := now.Add(r.Life)
	if end.After(a.issuing.NotAfter) {
		end = a.issuing.NotAfter
	}
	c, err := sign(r.template(now, end), a.issuing, key, a.key)
	if err != nil {
		return nil, err
	}
	e := Entry{Did: Issued, Kind: r.Kind, Name: r.Name, Serial: c.SerialNumber.Text(16), Until: c.NotAfter, Key: print, Token: token}
	return c, a.note(e)
}

// settle makes sure that a name is one box's: what stands of it with another key is revoked when that is asked for, and an error otherwise. The name of
// another kind's is never given: a kiosk of a clinic's name could do what the clinic may.
func (a *Authority) settle(r Request, print string) error {
	for _, k := range []Kind{Kiosk, Clinic, Signer} {
		if k != r.Kind && r.Kind != Server && len(a.standing(k, r.Name)) > 0 {
			return fmt.Errorf("a %s has the name %q: choose another", k, r.Name)
		}
	}
	revoked := false
	for _, e := range a.standing(r.Kind, r.Name) {
		if e.Key == print {
			continue // a renewal: the old one ends by itself
		}
		if !r.Anew {
			return ErrTwin
		}
		if err := a.revoke(e, replacedWhy); err != nil {
			return err
		}
		revoked = true
	}
	if revoked {
		return a.writeLists()
	}
	return nil
}

func (r Request) template(now, end time.Time) *x509.Certificate {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: r.Name, OrganizationalUnit: []string{string(r.Kind)}}, NotBefore: now.Add(-early), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if r.Kind == Signer {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	}
	if r.Kind == Server {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		for _, name := range append([]string{r.Name}, r.Also...) {
			if ip := net.ParseIP(name); ip != nil {
				t.IPAddresses = append(t.IPAddresses, ip)
			} else {
				t.DNSNames = append(t.DNSNames, name)
			}
		}
	}
	return t
}

// check says what is wrong with a request, and gives its key.
func (r Request) check(csr *x509.CertificateRequest) (*ecdsa.PublicKey, error) {
	key, err := r.grantable(csr)
	if err != nil {
		return nil, fmt.Errorf("%w for %q: %w", ErrRequest, r.Name, err)
	}
	return key, nil
}

func (r Request) grantable(csr *x509.CertificateRequest) (*ecdsa.PublicKey, error) {
	if err := csr.CheckSignature(); err != nil {
		return nil, errors.New("it does not prove that its sender has the key")
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !ok || key.Curve != elliptic.P256():
		return nil, errors.New("its key is none of ECDSA P-256")
	case csr.Subject.CommonName != r.Name:
		return nil, fmt.Errorf("it asks for the name %q", csr.Subject.CommonName)
	case r.Life <= 0 || r.Life > MostLife:
		return nil, fmt.Errorf("a life of %s: use up to %s", r.Life, MostLife)
	}
	switch r.Kind {
	case Kiosk, Clinic, Signer:
		return key, wire.CheckKiosk(r.Name)
	case Server:
		if strings.ContainsAny(r.Name, " /*:\\") && net.ParseIP(r.Name) == nil || r.Name == "" {
			return nil, errors.New("a server's name is a host name or an address")
		}
		return key, nil
	}
	return nil, fmt.Errorf("unknown kind %q", r.Kind)
}

func parseCSR(raw []byte) (*x509.CertificateRequest, error) {
	if block, _ := pem.Decode(raw); block != nil {
		raw = block.Bytes
	}
	csr, err := x509.ParseCertificateRequest(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no certificate request (PKCS #10)", ErrRequest)
	}
	return csr, nil
}

func fingerprint(key *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), err
}

// Revoke revokes every certificate of a name that still stands, and writes the lists anew. It is an error when there is none.
func (a *Authority) Revoke(k Kind, name, why string) error {
	return a.exclusively(func() error {
		standing := a.standing(k, name)
		if len(standing) == 0 {
			return fmt.Errorf("no %s of the name %q has a certificate that stands", k, name)
		}
		for _, e := range standing {
			if err := a.revoke(e, why); err != nil {
				return err
			}
		}
		return a.writeLists()
	})
}

func (a *Authority) revoke(e Entry, why string) error {
	return a.note(Entry{Did: Revoked, Kind: e.Kind, Name: e.Name, Serial: e.Serial, Key: e.Key, Why: why})
}

// listLife is how long a revocation list is good. A broker goes on with an old one and says so; it is renewed whenever anything is done here.
const listLife = 400 * 24 * time.Hour

// RenewLists writes the revocation lists anew.
func (a *Authority) RenewLists() error {
	return a.exclusively(a.writeLists)
}

// writeLists writes ca.crl: the list of the issuing key, and the empty one of the root, which some brokers ask for too.
func (a *Authority) writeLists() error {
	var revoked []x509.RevocationListEntry
	for _, e := range a.all {
		if e.Did != Revoked {
			continue
		}
		serial, ok := new(big.Int).SetString(e.Serial, 16)
		if !ok {
			return fmt.Errorf("the log has the serial number %q", e.Serial)
		}
		revoked = append(revoked, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: e.At})
	}
	number := big.NewInt(int64(len(a.all)))
	if a.rootKey != nil {
		list, err := a.list(number, a.root, a.rootKey, nil)
		if err == nil {
			err = whole.Write(filepath.Join(a.dir, "root.crl"), list, 0o644)
		}
		if err != nil {
			return err
		}
	}
	lists, err := a.list(number, a.issuing, a.key, revoked)
	if err != nil {
		return err
	}
	roots, err := os.ReadFile(filepath.Join(a.dir, "root.crl"))
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(a.dir, "ca.crl"), append(lists, roots...), 0o644)
}

func (a *Authority) list(number *big.Int, by *x509.Certificate, key *ecdsa.PrivateKey, all []x509.RevocationListEntry) ([]byte, error) {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: number, ThisUpdate: a.now().Add(-early), NextUpdate: a.now().Add(listLife), RevokedCertificateEntries: all,
	}, by, key)
	if err != nil {
		return nil, fmt.Errorf("revocation list: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), nil
}
