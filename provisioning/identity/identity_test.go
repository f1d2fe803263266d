package identity

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/est"
)

const year = 365 * 24 * time.Hour

// TestMain lets this program be the box whose power is cut: it ends itself with SIGKILL at a step.
func TestMain(m *testing.M) {
	dir := os.Getenv("IDENTITY_TEST_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	n := 0
	f := Folder{Dir: dir, step: func(step string) {
		if n++; numbered(n, step) == os.Getenv("IDENTITY_TEST_STEP") {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}}
	if err := life(f); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// life is what the box does: it enrols, or renews.
func life(f Folder) error {
	ctx := context.Background()
	if os.Getenv("IDENTITY_TEST_RENEW") != "" {
		_, err := f.Renew(ctx, nil)
		return err
	}
	if line := os.Getenv("IDENTITY_TEST_INVITATION"); line != "" {
		if err := f.Invited(line, "BHU Chak 12"); err != nil {
			return err
		}
	}
	return f.Enrol(ctx, nil)
}

// headquarters is an authority with its enrolment server.
type headquarters struct {
	*authority.Authority
	dir, url string
}

func opened(t *testing.T) headquarters {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hq")
	if err := authority.Create(dir, "Test", "synthetic horse staple", 10); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Open(dir, "synthetic horse staple")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	key, err := authority.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := authority.RequestOf(key, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue(authority.Request{Kind: authority.Server, Name: "127.0.0.1", CSR: csr, Life: year})
	if err != nil {
		t.Fatal(err)
	}
	own, err := tls.X509KeyPair(append(authority.Chain(cert), a.Trusted()...), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer((&est.Server{
		Authority: a, Lists: filepath.Join(dir, "ca.crl"), Grace: year, Log: slog.New(slog.DiscardHandler),
	}).Handler())
	s.TLS = est.TLS(own)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return headquarters{a, dir, s.URL}
}

func (h headquarters) invitation(t *testing.T, name string) string {
	t.Helper()
	token, root, err := h.Invite(authority.Guest{Name: name, Until: time.Now().Add(time.Hour), Life: year})
	if err != nil {
		t.Fatal(err)
	}
	return authority.Invitation{Server: h.url, Name: name, Token: token, Root: root}.String()
}

// keys are how many keys of a name hold a certificate that stands: more than one would be twins.
func (h headquarters) keys(name string) int {
	revoked, keys := map[string]bool{}, map[string]bool{}
	for _, e := range h.Log() {
		if e.Did == authority.Revoked {
			revoked[e.Serial] = true
		}
	}
	for _, e := range h.Log() {
		if e.Did == authority.Issued && e.Name == name && !revoked[e.Serial] {
			keys[e.Key] = true
		}
	}
	return len(keys)
}

// whole says that a box is one that a broker would take: a pair that fits, from whom it trusts, and no token left.
func wholeFolder(t *testing.T, f Folder, name string) {
	t.Helper()
	pair, err := f.Pair()
	if err != nil {
		t.Fatal(err)
	}
	roots, err := f.roots()
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(pair.Certificate[0])
	if err == nil {
		_, err = c.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	if err != nil || c.Subject.CommonName != name {
		t.Errorf("the certificate: %v", err)
	}
	e, err := f.Enrolment()
	if err != nil || e.Token != "" || e.Site != "BHU Chak 12" {
		t.Errorf("%+v, %v", e, err)
	}
	if raw, err := os.ReadFile(f.at("ca.crl")); err != nil || !bytes.Contains(raw, []byte("X509 CRL")) {
		t.Errorf("the lists: %v", err)
	}
}

// steps are those of a life without a cut, in order.
func steps(t *testing.T, f Folder) (all []string) {
	t.Helper()
	f.step = func(step string) { all = append(all, numbered(len(all)+1, step)) }
	if err := life(f); err != nil {
		t.Fatal(err)
	}
	return all
}

func numbered(n int, step string) string { return fmt.Sprintf("%d %s", n, step) }

// box runs the box as a process that dies at a step; without one it lives to the end.
func box(t *testing.T, dir, step string, env ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "IDENTITY_TEST_DIR="+dir, "IDENTITY_TEST_STEP="+step), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if step != "" && !killed || step == "" && err != nil {
		t.Fatalf("the box, to be cut at %q: %v\n%s", step, err, out)
	}
}

// TestEnrolmentCutAtEveryStep: wherever the power goes, the box goes on by itself, nothing is typed again, and there is one identity.
func TestEnrolmentCutAtEveryStep(t *testing.T) {
	h := opened(t)
	t.Setenv("IDENTITY_TEST_INVITATION", h.invitation(t, "whole"))
	all := steps(t, Folder{Dir: t.TempDir()})
	if len(all) < 12 {
		t.Fatalf("only %d steps: %q", len(all), all)
	}
	for i, step := range all {
		name := "bhu-" + string(rune('a'+i))
		f := Folder{Dir: filepath.Join(t.TempDir(), "identity")}
		box(t, f.Dir, step, "IDENTITY_TEST_INVITATION="+h.invitation(t, name))
		if i == 0 { // cut before the box knew who it is: the technician gives the invitation once more
			if _, err := f.Enrolment(); !errors.Is(err, ErrNone) {
				t.Fatalf("the first step %q is not before anything was kept: %v", step, err)
			}
			box(t, f.Dir, "", "IDENTITY_TEST_INVITATION="+h.invitation(t, name))
		} else {
			box(t, f.Dir, "", "IDENTITY_TEST_INVITATION=")
		}
		t.Run(step, func(t *testing.T) { wholeFolder(t, f, name) })
		if n := h.keys(name); n != 1 {
			t.Errorf("cut at %q: %d keys have a certificate, want 1", step, n)
		}
	}
}

// TestRenewalCutAtEveryStep: the old certificate or the new one, both of one key, and the next try renews.
func TestRenewalCutAtEveryStep(t *testing.T) {
	h := opened(t)
	f := Folder{Dir: filepath.Join(t.TempDir(), "identity")}
	box(t, f.Dir, "", "IDENTITY_TEST_INVITATION="+h.invitation(t, "bhu-1"))
	t.Setenv("IDENTITY_TEST_RENEW", "1")
	for _, step := range steps(t, f) {
		box(t, f.Dir, step)
		t.Run("cut "+step, func(t *testing.T) { wholeFolder(t, f, "bhu-1") })
		box(t, f.Dir, "")
		t.Run("after "+step, func(t *testing.T) { wholeFolder(t, f, "bhu-1") })
	}
	if n := h.keys("bhu-1"); n != 1 {
		t.Errorf("%d keys, want 1", n)
	}
}

// TestOneName: a box stays who it is; the same name again takes up a new invitation.
func TestOneName(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	first := Enrolment{Name: "bhu-1", Site: "BHU Chak 12", Server: "https://a.example", Token: "t", Root: "r"}
	if err := f.Begin(first); err != nil {
		t.Fatal(err)
	}
	if err := f.Begin(Enrolment{Name: "bhu-2"}); err == nil || !strings.Contains(err.Error(), "this box is bhu-1") {
		t.Errorf("another name: %v", err)
	}
	if err := f.Begin(Enrolment{Name: "bhu-1", Token: "u"}); err != nil {
		t.Fatal(err)
	}
	first.Token = "u"
	if e, err := f.Enrolment(); err != nil || e != first {
		t.Errorf("%+v, %v", e, err)
	}
	if info, err := os.Stat(f.at("enrolment.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token can be read by others: %v", err)
	}
}
