package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"nabz/firmware/whole"
	"nabz/firmware/wire"
	"nabz/provisioning/authority"
)

// Enrolment is what a box is told once.
type Enrolment struct {
	Name   string `json:"name"`
	Site   string `json:"site,omitempty"`
	Server string `json:"server,omitempty"` // where it enrols and renews on line: https://host:port
	Token  string `json:"token,omitempty"`  // until the certificate is there
	Root   string `json:"root,omitempty"`   // fingerprint
}

// Folder is the kiosk's identity on its card.
type Folder struct {
	Dir  string
	step func(string) // told of each step before it is taken; tests end the process in it
}

func (f Folder) at(name string) string { return filepath.Join(f.Dir, name) }

func (f Folder) write(name string, raw []byte, mode os.FileMode) error {
	if f.step != nil {
		f.step("before " + name)
	}
	if err := whole.Write(f.at(name), raw, mode); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if f.step != nil {
		f.step("after " + name)
	}
	return nil
}

// ErrNone is a box that was never told who it is.
var ErrNone = errors.New("this box has no enrolment yet: kioskctl enrol")

// Enrolment reads what the box was told.
func (f Folder) Enrolment() (e Enrolment, err error) {
	raw, err := os.ReadFile(f.at("enrolment.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return e, ErrNone
	}
	if err == nil {
		err = json.Unmarshal(raw, &e)
	}
	if err != nil {
		return e, fmt.Errorf("identity: %w", err)
	}
	return e, nil
}

// Begin tells a box who it is to be. Told the same name again, it takes up a new token or server; another name is refused: two names on one key would be two kiosks.
func (f Folder) Begin(e Enrolment) error {
	if err := wire.CheckKiosk(e.Name); err != nil {
		return err
	}
	old, err := f.Enrolment()
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	if err == nil && old.Name != e.Name {
		return fmt.Errorf("this box is %s: to make it %s, take %s away first, and have %s revoked", old.Name, e.Name, f.Dir, old.Name)
	}
	if e.Site == "" {
		e.Site = old.Site
	}
	if e.Server == "" {
		e.Server = old.Server
	}
	if e.Root == "" {
		e.Root = old.Root
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	return f.note(e)
}

func (f Folder) note(e Enrolment) error {
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return f.write("enrolment.json", append(raw, '\n'), 0o600)
}

// key is the box's key, made when there is none.
func (f Folder) key() ([]byte, error) {
	key, err := os.ReadFile(f.at("kiosk.key"))
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = authority.NewKey(); err != nil {
		return nil, err
	}
	return key, f.write("kiosk.key", key, 0o600)
}

// Request is the request for this kiosk's certificate, as PEM: the first one and each renewal.
func (f Folder) Request() ([]byte, error) {
	e, err := f.Enrolment()
	if err != nil {
		return nil, err
	}
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	return authority.RequestOf(key, e.Name)
}

// Certificate is the kiosk's own. It is nil when it has none yet.
func (f Folder) Certificate() (*x509.Certificate, error) {
	all, err := readCerts(f.at("kiosk.crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Pair is the certificate with its key, for TLS.
func (f Folder) Pair() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(f.at("kiosk.crt"), f.at("kiosk.key"))
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return &c, nil
}

// Authorities are whom the kiosk trusts; none when it knows nobody yet.
func (f Folder) Authorities() ([]*x509.Certificate, error) {
	all, err := readCerts(f.at("ca.crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return all, err
}

// roots is the pool of whom the kiosk trusts.
func (f Folder) roots() (*x509.CertPool, error) {
	all, err := f.Authorities()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("this kiosk trusts no authority yet: kioskctl enrol")
	}
	return pool(all), nil
}

func pool(all []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range all {
		p.AddCert(c)
	}
	return p
}

func readCerts(path string) ([]*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, err := parseCerts(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

func parseCerts(raw []byte) (all []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, raw = pem.Decode(raw); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return all, nil
}
