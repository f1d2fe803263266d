package identity

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/signed"
)

// bundle is what headquarters answers a request with.
func (h headquarters) bundle(t *testing.T, csr []byte, anew bool) []byte {
	t.Helper()
	name, err := authority.NameOf(csr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Issue(authority.Request{Kind: authority.Kiosk, Name: name, CSR: csr, Life: year, Anew: anew})
	if err != nil {
		t.Fatal(err)
	}
	lists, err := os.ReadFile(filepath.Join(h.dir, "ca.crl"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := Bundle{
		Name: name, Site: "BHU Chak 12", Certificate: string(authority.Chain(c)), Authorities: string(h.Trusted()), Lists: string(lists),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := h.Sign(content)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestStick: a box without a link is enrolled and renewed by what a stick brings, and by nothing else that a stick could bring. What is refused changes nothing.
func TestStick(t *testing.T) {
	h, elsewhere := opened(t), opened(t)
	f := Folder{Dir: filepath.Join(t.TempDir(), "identity")}
	if err := f.Begin(Enrolment{Name: "bhu-1"}); err != nil {
		t.Fatal(err)
	}
	csr, err := f.Request()
	if err != nil {
		t.Fatal(err)
	}
	root, other := authority.Fingerprint(h.Root()), authority.Fingerprint(elsewhere.Root())
	good := h.bundle(t, csr, false)
	strange := elsewhere.bundle(t, csr, false)
	before := contents(t, f.Dir)
	refuse := func(what string, raw []byte, root string) {
		t.Helper()
		if err := f.Take(raw, root, time.Now()); err == nil {
			t.Errorf("%s was taken", what)
		}
		if now := contents(t, f.Dir); now != before {
			t.Errorf("%s changed something: %s", what, now)
		}
	}
	refuse("a bundle that nobody vouches for", good, "")
	refuse("a bundle of another authority than was typed", good, other)
	refuse("another authority's bundle", strange, root)
	refuse("nothing", nil, root)
	for _, at := range []int{10, len(good) / 4, len(good) / 2, len(good) - 20} {
		spoiled := bytes.Clone(good)
		spoiled[at] ^= 1
		refuse("a tampered bundle", spoiled, root)
		refuse("half a bundle", good[:at], root)
	}
	wrong := Folder{Dir: filepath.Join(t.TempDir(), "other")}
	if err := wrong.Begin(Enrolment{Name: "bhu-1"}); err != nil {
		t.Fatal(err)
	}
	if err := wrong.Take(good, root, time.Now()); err == nil || !strings.Contains(err.Error(), "another box") {
		t.Errorf("another box of the name took it: %v", err)
	}
	if err := f.Take(good, root, time.Now()); err != nil {
		t.Fatal(err)
	}
	wholeFolder(t, f, "bhu-1")
	before = contents(t, f.Dir)
	refuse("another authority's bundle, later", strange, other)
	kiosk, err := f.Pair()
	if err != nil {
		t.Fatal(err)
	}
	content, err := signed.Peek(good)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(kiosk.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	forged, err := signed.Sign(content, kiosk.PrivateKey, leaf, parse(t, kiosk.Certificate[1]))
	if err != nil {
		t.Fatal(err)
	}
	refuse("a bundle signed by a kiosk", forged, "")

	h.bundle(t, csr, false) // takes its second, so that the next is newer
	newer := leaf
	for !newer.NotBefore.After(leaf.NotBefore) {
		if err := f.Take(h.bundle(t, csr, false), "", time.Now()); err != nil {
			t.Fatal(err)
		}
		if newer, err = f.Certificate(); err != nil {
			t.Fatal(err)
		}
	}
	before = contents(t, f.Dir)
	refuse("the bundle of before, once more", good, "")
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// contents are all files of a folder.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		all.WriteString(path + "\n" + string(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
