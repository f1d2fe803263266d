package est_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/est"
)

const (
	passphrase = "synthetic horse staple"
	year       = 365 * 24 * time.Hour
)

// rig is an authority with its enrolment server.
type rig struct {
	*authority.Authority
	dir, url, root string
	server         *est.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hq")
	if err := authority.Create(dir, "Test", passphrase, 10); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Open(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	own, _ := issue(t, a, authority.Server, "127.0.0.1", year)
	r := &rig{Authority: a, dir: dir, server: &est.Server{
		Authority: a, Lists: filepath.Join(dir, "ca.crl"), Profiles: t.TempDir(), Grace: 90 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler),
	}}
	s := httptest.NewUnstartedServer(r.server.Handler())
	s.TLS = est.TLS(own)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	r.url = s.URL
	if r.root, err = authority.RootFingerprint(dir); err != nil {
		t.Fatal(err)
	}
	return r
}

// issue gives a key with its certificate, and the request for it.
func issue(t *testing.T, a *authority.Authority, k authority.Kind, name string, life time.Duration) (tls.Certificate, []byte) {
	t.Helper()
	key, csr := request(t, name)
	c, err := a.Issue(authority.Request{Kind: k, Name: name, CSR: csr, Life: life})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(append(authority.Chain(c), a.Trusted()...), key)
	if err != nil {
		t.Fatal(err)
	}
	return pair, csr
}

func request(t *testing.T, name string) (key, csr []byte) {
	t.Helper()
	key, err := authority.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if csr, err = authority.RequestOf(key, name); err != nil {
		t.Fatal(err)
	}
	return key, csr
}

func (r *rig) invite(t *testing.T, name string) (token string) {
	t.Helper()
	token, _, err := r.Invite(authority.Guest{Name: name, Until: time.Now().Add(time.Hour), Life: year})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (r *rig) client(t *testing.T, cert *tls.Certificate) est.Client {
	t.Helper()
	all, err := est.Bootstrap(t.Context(), r.url, r.root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for _, c := range all {
		pool.AddCert(c)
	}
	return est.Client{Server: r.url, Roots: pool, Cert: cert}
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, est.ErrRefused) {
		t.Errorf("%s: %v", what, err)
	}
}

// TestToken: a token is of one name, one box, once, for a time; the same box gets its answer again.
func TestToken(t *testing.T) {
	r := newRig(t)
	c := r.client(t, nil)
	token := r.invite(t, "bhu-1")
	_, csr := request(t, "bhu-1")
	_, twin := request(t, "bhu-1")
	_, other := request(t, "bhu-2")
	enrol := func(name, token string, csr []byte) error {
		_, err := c.Enroll(t.Context(), name, token, csr)
		return err
	}
	refused(t, "another name's token", enrol("bhu-2", token, other))
	refused(t, "a request for another name", enrol("bhu-1", token, other))
	refused(t, "a guess", enrol("bhu-1", "0000-0000-0000-0000", csr))
	refused(t, "no token", enrol("bhu-1", "", csr))
	for range 2 { // the answer may have got lost
		if err := enrol("bhu-1", strings.ToLower(strings.ReplaceAll(token, "-", "")), csr); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, "a used token with another key", enrol("bhu-1", token, twin))
	refused(t, "a twin with a token of its own", enrol("bhu-1", r.invite(t, "bhu-1"), twin))
	if err := r.Revoke(authority.Kiosk, "bhu-1", "stolen"); err != nil {
		t.Fatal(err)
	}
	refused(t, "the thief, with what the box still had", enrol("bhu-1", token, csr))
	if err := enrol("bhu-1", r.invite(t, "bhu-1"), twin); err != nil {
		t.Errorf("the box in its place: %v", err)
	}
}

// TestRenewal: with the certificate that it has, even ended within the grace, a kiosk gets another for the same key; nobody else does.
func TestRenewal(t *testing.T) {
	r := newRig(t)
	renew := func(cert *tls.Certificate, csr []byte) (*x509.Certificate, error) {
		return r.client(t, cert).Reenroll(t.Context(), csr)
	}
	good, csr := issue(t, r.Authority, authority.Kiosk, "bhu-1", year)
	fresh, err := renew(&good, csr)
	if err != nil || fresh.Subject.CommonName != "bhu-1" || time.Until(fresh.NotAfter) < year-time.Hour {
		t.Fatalf("renewed: %v", err)
	}
	ended, endedCSR := issue(t, r.Authority, authority.Kiosk, "bhu-2", time.Millisecond)
	if _, err := renew(&ended, endedCSR); err != nil {
		t.Errorf("ended, within the grace: %v", err)
	}
	r.server.Grace = -time.Hour
	_, err = renew(&ended, endedCSR)
	refused(t, "ended, beyond the grace", err)
	r.server.Grace = time.Hour
	_, other := request(t, "bhu-1")
	_, err = renew(&good, other)
	refused(t, "another key", err)
	_, err = renew(nil, csr)
	refused(t, "no certificate", err)
	clinic, clinicCSR := issue(t, r.Authority, authority.Clinic, "clinic-1", year)
	_, err = renew(&clinic, clinicCSR)
	refused(t, "a clinic", err)
	elsewhere := newRig(t)
	foreign, foreignCSR := issue(t, elsewhere.Authority, authority.Kiosk, "bhu-1", year)
	_, err = renew(&foreign, foreignCSR)
	refused(t, "another authority's", err)
	if err := r.Revoke(authority.Kiosk, "bhu-1", "stolen"); err != nil {
		t.Fatal(err)
	}
	_, err = renew(&good, csr)
	refused(t, "revoked", err)
	if lists, err := r.client(t, nil).Lists(t.Context()); err != nil || !bytes.Contains(lists, []byte("X509 CRL")) {
		t.Errorf("the lists: %v", err)
	}
}

// TestProfile: a kiosk gets its own, and nobody gets another's.
func TestProfile(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"bhu-1", "bhu-2"} {
		if err := os.WriteFile(filepath.Join(r.server.Profiles, name+".profile"), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, _ := issue(t, r.Authority, authority.Kiosk, "bhu-2", year)
	if raw, err := r.client(t, &pair).Profile(t.Context()); err != nil || string(raw) != "bhu-2" {
		t.Errorf("profile: %q, %v", raw, err)
	}
	none, _ := issue(t, r.Authority, authority.Kiosk, "bhu-3", year)
	if raw, err := r.client(t, &none).Profile(t.Context()); err != nil || raw != nil {
		t.Errorf("no profile: %q, %v", raw, err)
	}
	_, err := r.client(t, nil).Profile(t.Context())
	refused(t, "no certificate", err)
}

// TestBootstrap: a box that knows nobody takes the authority of its invitation, and no other.
func TestBootstrap(t *testing.T) {
	r, elsewhere := newRig(t), newRig(t)
	if _, err := est.Bootstrap(t.Context(), r.url, elsewhere.root); err == nil || !strings.Contains(err.Error(), "another authority") {
		t.Errorf("another root: %v", err)
	}
	c := r.client(t, nil)
	c.Server = elsewhere.url
	if _, err := c.Lists(t.Context()); err == nil {
		t.Error("a server of another authority was believed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := est.Bootstrap(ctx, r.url, r.root); err == nil {
		t.Error("a question that was called off was answered")
	}
}

// TestOutsideClients: curl and openssl, which know nothing of nabz, enrol and renew.
func TestOutsideClients(t *testing.T) {
	r := newRig(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("ca.crt", r.Trusted(), 0o600); err != nil {
		t.Fatal(err)
	}
	token := r.invite(t, "bhu-1")
	at := r.url + "/.well-known/est/"
	sh := func(line string) string {
		t.Helper()
		out, err := exec.Command("sh", "-euc", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	text := sh("curl -sS --fail --cacert ca.crt " + at + "cacerts | openssl base64 -d | openssl pkcs7 -inform DER -print_certs -noout")
	if !strings.Contains(text, "Test root") || !strings.Contains(text, "Test issuing") {
		t.Errorf("cacerts: %s", text)
	}
	sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=bhu-1 -outform DER -out csr.der 2>/dev/null && openssl base64 -in csr.der -out csr.b64")
	post := func(what, who string) string {
		return "curl -sS --fail --cacert ca.crt " + who + " -H 'Content-Type: application/pkcs10' --data-binary @csr.b64 " + at + what +
			" | openssl base64 -d | openssl pkcs7 -inform DER -print_certs -out cert.pem && openssl x509 -in cert.pem -noout -subject -issuer && openssl verify -CAfile ca.crt cert.pem"
	}
	for what, line := range map[string]string{"simpleenroll": post("simpleenroll", "-u bhu-1:"+token)} {
		if out := sh(line); !strings.Contains(out, "CN = bhu-1") || !strings.Contains(out, "cert.pem: OK") {
			t.Errorf("%s: %s", what, out)
		}
	}
	if out := sh(post("simplereenroll", "--cert cert.pem --key key.pem")); !strings.Contains(out, "cert.pem: OK") {
		t.Errorf("simplereenroll: %s", out)
	}
	code := sh("curl -sS -o /dev/null -w '%{http_code}' --cacert ca.crt -u bhu-1:wrong --data-binary @csr.b64 " + at + "simpleenroll")
	if code != "401" {
		t.Errorf("a wrong token: %s", code)
	}
	if code := sh("curl -sS -o /dev/null -w '%{http_code}' --cacert ca.crt " + at + "csrattrs"); code != "204" {
		t.Errorf("csrattrs: %s", code)
	}
}

// FuzzBodies: whatever is posted, the server answers and does not fall over, and gives nothing away.
func FuzzBodies(f *testing.F) {
	_, csr := func() (key, csr []byte) {
		key, err := authority.NewKey()
		if err == nil {
			csr, err = authority.RequestOf(key, "bhu-1")
		}
		if err != nil {
			f.Fatal(err)
		}
		return key, csr
	}()
	block, _ := pem.Decode(csr)
	f.Add(csr)
	f.Add(block.Bytes)
	f.Add([]byte(base64.StdEncoding.EncodeToString(block.Bytes)))
	f.Add([]byte{0x30, 0x80})
	dir := filepath.Join(f.TempDir(), "hq")
	if err := authority.Create(dir, "Test", passphrase, 10); err != nil {
		f.Fatal(err)
	}
	a, err := authority.Open(dir, passphrase)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { a.Close() })
	h := (&est.Server{Authority: a, Log: slog.New(slog.DiscardHandler)}).Handler()
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/.well-known/est/simpleenroll", bytes.NewReader(body))
		r.SetBasicAuth("bhu-1", "0000-0000-0000-0000")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 400 && w.Code != 401 {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}

// TestAClockThatStandsBehind: a box that thinks that it is 1970, or last year, enrols all the same; one that knows that the server's certificate has ended does not.
func TestAClockThatStandsBehind(t *testing.T) {
	r := newRig(t)
	for _, year := range []int{1970, time.Now().Year() - 1} {
		c := r.client(t, nil)
		c.Now = func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
		name := "bhu-" + strconv.Itoa(year)
		_, csr := request(t, name)
		if _, err := c.Enroll(t.Context(), name, r.invite(t, name), csr); err != nil {
			t.Errorf("in %d: %v", year, err)
		}
	}
	late := r.client(t, nil)
	late.Now = func() time.Time { return time.Now().AddDate(2, 0, 0) }
	if _, err := late.Lists(t.Context()); err == nil {
		t.Error("a server's certificate that has ended was taken")
	}
	elsewhere := newRig(t)
	behind := r.client(t, nil)
	behind.Server, behind.Now = elsewhere.url, func() time.Time { return time.Unix(0, 0) }
	if _, err := behind.Lists(t.Context()); err == nil {
		t.Error("in 1970 a server of another authority was believed")
	}
}
