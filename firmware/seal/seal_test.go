package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func key(t testing.TB) Private {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSeal: each recipient opens it, nobody else does, and only as what it was sealed as; any changed byte breaks it.
func TestSeal(t *testing.T) {
	a, b, c := key(t), key(t), key(t)
	plain := []byte(`{"patient":"synthetic"}`)
	sealed, err := Seal([]Public{a.Public(), b.Public()}, "reading 1", plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range [][]Private{{a}, {b}, {c, b}} {
		if got, err := Open(k, "reading 1", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := Open([]Private{c}, "reading 1", sealed); !errors.Is(err, ErrNotForUs) {
		t.Errorf("another key: %v", err)
	}
	if _, err := Open([]Private{a}, "reading 2", sealed); !errors.Is(err, ErrBroken) {
		t.Errorf("another label: %v", err)
	}
	for i := range sealed {
		spoiled := bytes.Clone(sealed)
		spoiled[i] ^= 0x10
		if got, err := Open([]Private{a}, "reading 1", spoiled); err == nil {
			t.Fatalf("byte %d changed: %q", i, got)
		}
		if _, err := Open([]Private{a}, "reading 1", sealed[:i]); err == nil {
			t.Fatalf("cut at %d", i)
		}
	}
	if again, err := Seal([]Public{a.Public(), b.Public()}, "reading 1", plain); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("the same bytes twice: %v", err)
	}
	if over := len(sealed) - len(plain); over > 200 {
		t.Errorf("two recipients cost %d bytes", over)
	}
	if _, err := Seal(nil, "", plain); err == nil {
		t.Error("sealed to nobody")
	}
}

// TestKeys: a key comes back from its text and its file, and a file that others can read is refused.
func TestKeys(t *testing.T) {
	k := key(t)
	p, err := ParsePublic(k.Public().String())
	if err != nil || p.ID() != k.Public().ID() {
		t.Errorf("%s: %v", p, err)
	}
	secret, err := k.Secret()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "seal.key")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("# of clinic-1\n\n"+secret+"\n", 0o600)
	back, err := ReadKey(path)
	if err != nil || back.Public().ID() != k.Public().ID() {
		t.Errorf("read back: %v", err)
	}
	write(secret, 0o644)
	if _, err := ReadKey(path); err == nil {
		t.Error("a key that all can read was taken")
	}
	for _, bad := range []string{"", "x", publicPrefix, k.Public().String(), secret[:len(secret)-4]} {
		write(bad, 0o600)
		if _, err := ReadKey(path); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
		if bad != k.Public().String() {
			if _, err := ParsePublic(bad); err == nil {
				t.Errorf("%q was taken for a public key", bad)
			}
		}
	}
}

// TestSign: the same message has the same signature, another or another's has not.
func TestSign(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kiosk.key")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSigner(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 { // r or s with a leading zero among them, in most runs
		message, _ := BeginStream()
		signed, err := s.Sign(message)
		again, err2 := s.Sign(message)
		if err != nil || err2 != nil || !bytes.Equal(signed, again) {
			t.Fatalf("%v %v", err, err2)
		}
		if got, err := Verify(&k.PublicKey, signed); err != nil || !bytes.Equal(got, message) {
			t.Fatal(err)
		}
		signed[len(signed)%32] ^= 1
		if _, err := Verify(&k.PublicKey, signed); !errors.Is(err, ErrSignature) {
			t.Fatalf("changed: %v", err)
		}
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(&other.PublicKey, signed); !errors.Is(err, ErrSignature) {
		t.Errorf("another's key: %v", err)
	}
}

// TestStream: messages open in any order, as what they are, and by their session's key alone.
func TestStream(t *testing.T) {
	one, from := BeginStream()
	to, err := JoinStream(one)
	if err != nil {
		t.Fatal(err)
	}
	first, second := from.Seal("num", []byte("a")), from.Seal("num", []byte("a"))
	if bytes.Equal(first, second) {
		t.Error("the same bytes twice")
	}
	for _, m := range [][]byte{second, first} {
		if got, err := to.Open("num", m); err != nil || string(got) != "a" {
			t.Errorf("%q %v", got, err)
		}
	}
	if _, err := to.Open("ppg", first); err == nil {
		t.Error("numbers were passed off as a wave")
	}
	_, stranger := BeginStream()
	if _, err := stranger.Open("num", first); err == nil {
		t.Error("another session's key opens it")
	}
}

func FuzzOpen(f *testing.F) {
	k := key(f)
	sealed, err := Seal([]Public{k.Public()}, "x", []byte("contents"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("nz\x01\x04"))
	_, s := BeginStream()
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, err := Open([]Private{k}, "x", b); err == nil && !bytes.Equal(b, sealed) {
			t.Errorf("a forgery opens: %q", plain)
		}
		if plain, err := s.Open("num", b); err == nil {
			t.Errorf("a forgery opens: %q", plain)
		}
	})
}
