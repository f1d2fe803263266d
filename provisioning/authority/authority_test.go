package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nabz/firmware/whole"
)

const (
	passphrase = "synthetic horse staple"
	year       = 365 * 24 * time.Hour
)

// cheap is the cost of a guess where nobody guesses.
const cheap = 10

func open(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := Open(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func created(t *testing.T) (dir string, a *Authority) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "authority")
	if err := Create(dir, "Test programme", passphrase, cheap); err != nil {
		t.Fatal(err)
	}
	return dir, open(t, dir)
}

func request(t *testing.T, k Kind, name string) Request {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := RequestOf(key, name)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Kind: k, Name: name, CSR: csr, Life: year}
}

func (a *Authority) must(t *testing.T, r Request) *x509.Certificate {
	t.Helper()
	c, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestIssued: each kind is good for what it is for and for nothing else, by the authority's own trust file, and for the life that was asked for.
func TestIssued(t *testing.T) {
	_, a := created(t)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.Trusted()) {
		t.Fatal("nothing to trust")
	}
	for _, c := range []struct {
		kind Kind
		name string
		use  x509.ExtKeyUsage
	}{{Kiosk, "bhu-1", x509.ExtKeyUsageClientAuth}, {Clinic, "clinic-1", x509.ExtKeyUsageClientAuth}, {Server, "127.0.0.1", x509.ExtKeyUsageServerAuth}} {
		r := request(t, c.kind, c.name)
		r.Also = []string{"broker.example"}
		cert := a.must(t, r)
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
			_, err := cert.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{use}})
			if (err == nil) != (use == c.use) {
				t.Errorf("%s for use %v: %v", c.kind, use, err)
			}
		}
		if cert.Subject.CommonName != c.name || cert.IsCA || time.Until(cert.NotAfter) < year-time.Hour || time.Until(cert.NotAfter) > year {
			t.Errorf("%s: %s until %s, authority %t", c.kind, cert.Subject, cert.NotAfter, cert.IsCA)
		}
		if c.kind == Server && (cert.VerifyHostname("127.0.0.1") != nil || cert.VerifyHostname("broker.example") != nil) {
			t.Errorf("the server is not called so: %v %v", cert.DNSNames, cert.IPAddresses)
		}
	}
}

// TestRefused: what must not be signed is not, and the log does not have it.
func TestRefused(t *testing.T) {
	_, a := created(t)
	a.must(t, request(t, Clinic, "clinic-1"))
	signed := func(key any, cn string) []byte {
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cn}}, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Request){
		"another name than it asks for": func(r *Request) { r.Name = "bhu-2" },
		"no kiosk's name":               func(r *Request) { *r = request(t, Kiosk, "BHU 1") },
		"the reserved name":             func(r *Request) { *r = request(t, Kiosk, "ehr") },
		"a clinic's name":               func(r *Request) { *r = request(t, Kiosk, "clinic-1") },
		"no life":                       func(r *Request) { r.Life = 0 },
		"for ever":                      func(r *Request) { r.Life = MostLife + 1 },
		"no kind":                       func(r *Request) { r.Kind = "root" },
		"a wildcard":                    func(r *Request) { *r = request(t, Server, "*.example") },
		"no request":                    func(r *Request) { r.CSR = []byte("x") },
		"an RSA key":                    func(r *Request) { r.CSR = signed(weak, "bhu-1") },
		"another curve":                 func(r *Request) { r.CSR = signed(other, "bhu-1") },
		"a key that it does not have": func(r *Request) {
			block, _ := pem.Decode(r.CSR)
			block.Bytes[len(block.Bytes)-1] ^= 1
			r.CSR = block.Bytes
		},
	} {
		r := request(t, Kiosk, "bhu-1")
		change(&r)
		if c, err := a.Issue(r); err == nil {
			t.Errorf("%s: %s was signed", name, c.Subject)
		}
	}
	if n := len(a.Log()); n != 2 {
		t.Errorf("the log has %d entries, want the beginning and the clinic", n)
	}
}

// TestOneIdentity: the same key is renewed, another one is refused while the first stands, and when it is asked for anew the first is revoked.
func TestOneIdentity(t *testing.T) {
	dir, a := created(t)
	first := request(t, Kiosk, "bhu-1")
	old, again := a.must(t, first), a.must(t, first)
	twin := request(t, Kiosk, "bhu-1")
	if _, err := a.Issue(twin); !errors.Is(err, ErrTwin) {
		t.Errorf("a twin: %v", err)
	}
	twin.Anew = true
	now := a.must(t, twin)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open(t, dir)
	if _, err := a.Issue(first); !errors.Is(err, ErrTwin) {
		t.Errorf("the old key after a new one: %v", err)
	}
	gone := listed(t, dir)
	for _, c := range []struct {
		cert    *x509.Certificate
		revoked bool
	}{{old, true}, {again, true}, {now, false}} {
		if gone[c.cert.SerialNumber.Text(16)] != c.revoked {
			t.Errorf("%s revoked: %t, want %t", c.cert.SerialNumber, !c.revoked, c.revoked)
		}
	}
	if err := a.Revoke(Kiosk, "bhu-1", "stolen"); err != nil {
		t.Fatal(err)
	}
	if err := a.Revoke(Kiosk, "bhu-1", "stolen"); err == nil {
		t.Error("what does not stand was revoked")
	}
	if !listed(t, dir)[now.SerialNumber.Text(16)] {
		t.Error("a revoked certificate is not on the list")
	}
	if _, err := a.Issue(first); err != nil {
		t.Errorf("after all was revoked: %v", err)
	}
}

// listed are the serial numbers on the issuing key's list, whose signature is checked.
func listed(t *testing.T, dir string) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "ca.crl"))
	if err != nil {
		t.Fatal(err)
	}
	issuing, err := readCertificate(filepath.Join(dir, "issuing.crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err == nil {
		err = list.CheckSignatureFrom(issuing)
	}
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, e := range list.RevokedCertificateEntries {
		all[e.SerialNumber.Text(16)] = true
	}
	return all
}

// TestTheFolder: it opens with its passphrase only, holds no key in clear, is never made twice, and its log says when it was changed.
func TestTheFolder(t *testing.T) {
	dir, a := created(t)
	a.must(t, request(t, Kiosk, "bhu-1"))
	if err := Create(dir, "Another", passphrase, cheap); err == nil {
		t.Error("an authority was made over another")
	}
	if err := Create(filepath.Join(t.TempDir(), "a"), "Weak", "short", cheap); err == nil || !strings.Contains(err.Error(), "16 characters") {
		t.Errorf("a short passphrase: %v", err)
	}
	if _, err := Open(dir, "another horse staple"); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("another passphrase: %v", err)
	}
	sealed, err := os.ReadFile(filepath.Join(dir, issuingFile))
	info, serr := os.Stat(filepath.Join(dir, issuingFile))
	if err != nil || serr != nil || !bytes.HasPrefix(sealed, []byte("age-encryption.org/")) || bytes.Contains(sealed, []byte("PRIVATE")) || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys: %v, %v", err, info.Mode())
	}
	log := filepath.Join(dir, "log")
	raw, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := ReadLog(bytes.NewReader(raw), func(Entry) { n++ }); err != nil || n != 2 {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := os.WriteFile(log, bytes.Replace(raw, []byte("Test programme"), []byte("Best programme"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, passphrase); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("a changed log: %v", err)
	}
}

// TestInvitations: an invitation ends, and says so in no more than its line; what people do to the line when they type it does not matter.
func TestInvitations(t *testing.T) {
	_, a := created(t)
	token, root, err := a.Invite(Guest{Name: "bhu-1", Until: time.Now().Add(time.Hour), Life: year})
	if err != nil {
		t.Fatal(err)
	}
	line := Invitation{Server: "https://clinic.example:8443", Name: "bhu-1", Token: token, Root: root}
	typed := strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(line.String()))
	got, err := ParseInvitation(strings.Replace(typed, "bhu-l", "bhu-1", 1))
	if want := line; err != nil || got.Token != want.Token || got.Root != want.Root || got.Name != want.Name {
		t.Errorf("%q: %+v, %v", typed, got, err)
	}
	for _, bad := range []string{
		"", "bhu-1", "http://clinic.example/bhu-1#" + token + "." + root, "https://clinic.example/BHU#" + token + "." + root,
		"https://clinic.example/bhu-1#" + token, "https://clinic.example/bhu-1#" + token[1:] + "." + root, "https:///bhu-1#" + token + "." + root,
	} {
		if i, err := ParseInvitation(bad); err == nil {
			t.Errorf("%q: %+v", bad, i)
		}
	}
	r := request(t, Kiosk, "bhu-1")
	a.now = func() time.Time { return time.Now().Add(time.Hour) }
	if _, err := a.Admit("bhu-1", token, r.CSR); !errors.Is(err, ErrToken) {
		t.Errorf("an invitation that is over: %v", err)
	}
	a.now = time.Now
	if _, err := a.Admit("bhu-1", token, r.CSR); err != nil {
		t.Error(err)
	}
	for name, g := range map[string]Guest{
		"over already":  {Name: "bhu-1", Until: time.Now().Add(-time.Hour), Life: year},
		"no life":       {Name: "bhu-1", Until: time.Now().Add(time.Hour)},
		"no kiosk name": {Name: "BHU 1", Until: time.Now().Add(time.Hour), Life: year},
	} {
		if _, _, err := a.Invite(g); err == nil {
			t.Errorf("%s was invited", name)
		}
	}
}

// TestTwoProcesses: what one does the other knows, and both go on with one log.
func TestTwoProcesses(t *testing.T) {
	dir, a := created(t)
	b := open(t, dir)
	for i, who := range []*Authority{a, b, a, b, b, a} {
		who.must(t, request(t, Kiosk, "bhu-"+string(rune('a'+i))))
	}
	if _, err := a.Issue(request(t, Kiosk, "bhu-e")); !errors.Is(err, ErrTwin) {
		t.Errorf("a twin of what the other process issued: %v", err)
	}
	if len(a.Log()) != 7 {
		t.Errorf("%d entries, want 7", len(a.Log()))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "log"))
	if err == nil {
		err = ReadLog(bytes.NewReader(raw), func(Entry) {})
	}
	if err != nil {
		t.Error(err)
	}
	if err := os.Rename(filepath.Join(dir, rootFile), filepath.Join(dir, "safe")); err != nil {
		t.Fatal(err)
	}
	online := open(t, dir)
	if online.HasRootKey() {
		t.Error("the root's key is in the safe")
	}
	if err := online.Revoke(Kiosk, "bhu-a", "stolen"); err != nil || len(listed(t, dir)) != 1 {
		t.Errorf("revoked without the root's key: %v", err)
	}
}

// TestWhatRootWrites: in a folder of the kiosk's user, what root writes is that user's.
func TestWhatRootWrites(t *testing.T) {
	dir := t.TempDir()
	want := os.Getuid()
	if want == 0 {
		want = 65_534
		if err := os.Chown(dir, want, want); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "kiosk.key")
	if err := whole.Write(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t).Uid; int(got) != want || info.Mode().Perm() != 0o600 {
		t.Errorf("it is %d's, %s, want %d's", got, info.Mode(), want)
	}
}
