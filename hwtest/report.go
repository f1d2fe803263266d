package hwtest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nabz/firmware/config"
	"nabz/firmware/seal"
	"nabz/firmware/whole"
)

// Report is what a run of checks found. Nothing in it is of a patient.
type Report struct {
	Kiosk    string    `json:"kiosk"`
	Version  string    `json:"version"`
	Kind     string    `json:"kind"`         // "quick" or "full"
	By       string    `json:"by,omitempty"` // who did it
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Practice bool      `json:"practice,omitempty"`
	Rows     []Row     `json:"rows"`
}

// Good says that every check passed; what was skipped is no pass and no fault.
func (r Report) Good() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Verdict == Fail })
}

// First is the first row that failed; false when none did.
func (r Report) First() (Row, bool) {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Verdict == Fail })
	if i < 0 {
		return Row{}, false
	}
	return r.Rows[i], true
}

// Count is how many rows have the verdict.
func (r Report) Count(v Verdict) (n int) {
	for _, row := range r.Rows {
		if row.Verdict == v {
			n++
		}
	}
	return n
}

// Signed is a report as it is kept: its bytes, and the kiosk's word for them where it has an identity.
type Signed struct {
	Report      json.RawMessage `json:"report"`
	Certificate []byte          `json:"certificate,omitempty"` // of the kiosk, DER
	Signature   []byte          `json:"signature,omitempty"`   // r and s of ECDSA, P-256, SHA-256, over the bytes of report
}

// Sign makes what is kept of a report. A kiosk that is not enrolled signs nothing.
func Sign(r Report, c config.Config) (Signed, error) {
	raw, err := json.Marshal(r)
	if err != nil || c.Broker.Key == "" {
		return Signed{Report: raw}, err
	}
	signer, err := seal.ReadSigner(c.Broker.Key)
	if err != nil {
		return Signed{}, fmt.Errorf("sign the report: %w", err)
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		return Signed{}, err
	}
	certificate, err := os.ReadFile(c.Broker.Cert)
	if err != nil {
		return Signed{}, fmt.Errorf("sign the report: %w", err)
	}
	block, _ := pem.Decode(certificate)
	if block == nil {
		return Signed{}, fmt.Errorf("sign the report: %s holds no certificate", c.Broker.Cert)
	}
	return Signed{raw, block.Bytes, signed[len(raw):]}, nil
}

// ErrUnsigned is a report that nobody signed.
var ErrUnsigned = errors.New("nobody has signed this report")

// Verify gives the report and the name of the kiosk that signed it, when its certificate is one of those authorities'. A certificate that has ended since
// still counts: the report says when it was made.
func (s Signed) Verify(trusted *x509.CertPool) (r Report, kiosk string, err error) {
	if err := json.Unmarshal(s.Report, &r); err != nil {
		return r, "", fmt.Errorf("the report is damaged: %w", err)
	}
	if len(s.Signature) == 0 {
		return r, "", ErrUnsigned
	}
	c, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		return r, "", fmt.Errorf("the report's certificate is none: %w", err)
	}
	if _, err := c.Verify(x509.VerifyOptions{Roots: trusted, CurrentTime: c.NotAfter.Add(-time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return r, "", fmt.Errorf("the report's certificate is not of this programme: %w", err)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return r, "", errors.New("the report's certificate has a key of another kind")
	}
	if _, err := seal.Verify(key, slices.Concat(s.Report, s.Signature)); err != nil {
		return r, "", fmt.Errorf("the report was changed after it was signed: %w", err)
	}
	if c.Subject.CommonName != r.Kiosk {
		return r, "", fmt.Errorf("the report of %s is signed by %s", r.Kiosk, c.Subject.CommonName)
	}
	return r, c.Subject.CommonName, nil
}

// Shelf is the folder in which a kiosk keeps its reports.
type Shelf struct{ Dir string }

// ShelfOf is the kiosk's.
func ShelfOf(c config.Config) Shelf { return Shelf{filepath.Join(c.Data, "checks")} }

// keepReports is how many are kept.
const keepReports = 60

// Keep puts a report on the shelf, on stable storage when it returns nil, and says under what name. The oldest beyond sixty go.
func (s Shelf) Keep(r Report, signed Signed) (string, error) {
	raw, err := json.Marshal(signed)
	if err != nil {
		return "", err
	}
	if err := whole.Folder(s.Dir); err != nil {
		return "", fmt.Errorf("keep the report: %w", err)
	}
	name := r.Began.UTC().Format("20060102-150405") + "-" + r.Kind
	if err := whole.Write(filepath.Join(s.Dir, name+".json"), append(raw, '\n'), 0o600); err != nil {
		return "", fmt.Errorf("keep the report: %w", err)
	}
	names, err := s.List()
	for i := 0; err == nil && i < len(names)-keepReports; i++ {
		err = os.Remove(filepath.Join(s.Dir, names[i]+".json"))
	}
	return name, err
}

// List are the names of the reports, oldest first.
func (s Shelf) List() (names []string, err error) {
	files, err := filepath.Glob(filepath.Join(s.Dir, "*.json"))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	slices.Sort(names)
	return names, err
}

// Get takes one from the shelf.
func (s Shelf) Get(name string) (Signed, Report, error) {
	raw, err := os.ReadFile(filepath.Join(s.Dir, filepath.Base(name)+".json"))
	if err != nil {
		return Signed{}, Report{}, fmt.Errorf("there is no report %s: kioskctl check list", name)
	}
	return ParseSigned(raw)
}

// ParseSigned reads a report as it is kept.
func ParseSigned(raw []byte) (s Signed, r Report, err error) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, r, fmt.Errorf("this is no report: %w", err)
	}
	if err := json.Unmarshal(s.Report, &r); err != nil {
		return s, r, fmt.Errorf("this is no report: %w", err)
	}
	return s, r, nil
}

// Fingerprint is short for a signature, to be compared by eye; empty without one.
func (s Signed) Fingerprint() string {
	if len(s.Signature) < 8 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.Signature[:8])
}
