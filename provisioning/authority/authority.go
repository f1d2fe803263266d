package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nabz/firmware/chain"
	"nabz/firmware/whole"
	"nabz/provisioning/signed"
)

const (
	rootLife    = 20 * 365 * 24 * time.Hour
	issuingLife = 10 * 365 * 24 * time.Hour

	// early is how long before now a certificate begins: the clocks of kiosks and brokers differ.
	early = 24 * time.Hour
)

// The keys. The root's is needed to make an authority and to list what of its own is revoked; where certificates are given on line it stays away.
const (
	rootFile    = "root.age"
	issuingFile = "issuing.age"
)

// leastPassphrase is how many characters a passphrase has: a stolen folder must not be worth guessing at.
const leastPassphrase = 16

// Authority is one that is open. It is safe for concurrent use.
type Authority struct {
	dir     string
	now     func() time.Time
	root    *x509.Certificate
	issuing *x509.Certificate
	rootKey *ecdsa.PrivateKey // nil where root.age is not here
	key     *ecdsa.PrivateKey

	mu   sync.Mutex
	lock *os.File // held while something is done: another process may have the folder open too
	log  *chain.File
	read int64 // bytes of the log that all has
	all  []Entry
}

// Create makes an authority in a folder that is not there yet, whole or not at all. A guess at the passphrase takes 2^cost steps; UsualCost is about a second.
func Create(dir, programme, passphrase string, cost int) error {
	if len([]rune(passphrase)) < leastPassphrase {
		return fmt.Errorf("the passphrase has fewer than %d characters: take some words", leastPassphrase)
	}
	if cost < 10 || cost > 22 {
		return fmt.Errorf("a cost of %d: use 10 to 22", cost)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there already: an authority is made once", dir)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), ".authority-*")
	if err != nil {
		return fmt.Errorf("make an authority: %w", err)
	}
	err = create(fresh, programme, passphrase, cost)
	if err == nil {
		err = errors.Join(os.Rename(fresh, dir), whole.Flush(filepath.Dir(dir)))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make an authority: %w", err), os.RemoveAll(fresh))
	}
	return nil
}

func create(dir, programme, passphrase string, cost int) error {
	now := time.Now()
	rootKey, err := newKey()
	if err != nil {
		return err
	}
	root, err := sign(&x509.Certificate{
		Subject: pkix.Name{Organization: []string{programme}, CommonName: programme + " root"}, NotBefore: now.Add(-early), NotAfter: now.Add(rootLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, MaxPathLen: 1,
	}, nil, &rootKey.PublicKey, rootKey)
	if err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	issuing, err := sign(&x509.Certificate{
		Subject: pkix.Name{Organization: []string{programme}, CommonName: programme + " issuing"}, NotBefore: now.Add(-early), NotAfter: now.Add(issuingLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature, MaxPathLenZero: true,
	}, root, &key.PublicKey, rootKey)
	if err != nil {
		return err
	}
	for name, key := range map[string]*ecdsa.PrivateKey{rootFile: rootKey, issuingFile: key} {
		sealed, err := seal(passphrase, cost, key)
		if err == nil {
			err = whole.Write(filepath.Join(dir, name), sealed, 0o600)
		}
		if err != nil {
			return err
		}
	}
	for name, certs := range map[string][]*x509.Certificate{"root.crt": {root}, "issuing.crt": {issuing}, "ca.crt": {issuing, root}} {
		if err := whole.Write(filepath.Join(dir, name), Chain(certs...), 0o644); err != nil {
			return err
		}
	}
	a := &Authority{dir: dir, now: time.Now, root: root, issuing: issuing, rootKey: rootKey, key: key}
	if err := a.openLock(); err != nil {
		return err
	}
	err = a.exclusively(func() error {
		e := Entry{Did: Created, Name: programme, Serial: issuing.SerialNumber.Text(16), Until: issuing.NotAfter}
		return errors.Join(a.note(e), a.writeLists())
	})
	return errors.Join(err, a.Close())
}

// Open opens an authority with its passphrase. Several processes may have it open.
func Open(dir, passphrase string) (*Authority, error) {
	a := &Authority{dir: dir, now: time.Now}
	var err error
	if a.root, err = readCertificate(filepath.Join(dir, "root.crt")); err == nil {
		a.issuing, err = readCertificate(filepath.Join(dir, "issuing.crt"))
	}
	if err == nil {
		a.key, err = unseal(filepath.Join(dir, issuingFile), passphrase)
	}
	if err == nil {
		if a.rootKey, err = unseal(filepath.Join(dir, rootFile), passphrase); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = a.openLock()
	}
	if err == nil {
		err = a.exclusively(func() error { return nil })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open authority: %w", err), a.Close())
	}
	return a, nil
}

// Close closes it.
func (a *Authority) Close() error {
	var err error
	if a.log != nil {
		err = a.log.Close()
	}
	if a.lock != nil {
		err = errors.Join(err, a.lock.Close())
	}
	return err
}

// Sign puts a content for kiosks under the issuing key's signature (CMS); see package signed.
func (a *Authority) Sign(content []byte) ([]byte, error) {
	return signed.Sign(content, a.key, a.issuing)
}

// Root is the certificate that all trust begins with.
func (a *Authority) Root() *x509.Certificate { return a.root }

// HasRootKey says whether the root's key is here too.
func (a *Authority) HasRootKey() bool { return a.rootKey != nil }

// Trusted are the certificates that kiosks, clinics and brokers trust, as PEM.
func (a *Authority) Trusted() []byte { return Chain(a.issuing, a.root) }

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// sign makes a certificate of a template; without a parent it signs itself. The serial number is 128 random bits, which CA/Browser Forum BR 7.1 asks 64 of.
func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Chain writes certificates as PEM, one after the other.
func Chain(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}

func readCertificate(path string) (*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return x509.ParseCertificate(block.Bytes)
}
