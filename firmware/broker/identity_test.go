package broker

import (
	"bytes"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestIdentity: what is wrong with the files is told at once, and a certificate that took another's place is used at the next connection.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, key, _ := selfSigned(t)
	other, otherKey, _ := selfSigned(t)
	good := Identity{CA: put("ca", cert, 0o644), Cert: put("cert", cert, 0o644), Key: put("key", key, 0o600)}
	for want, change := range map[string]func(*Identity){
		"authority":             func(i *Identity) { i.CA = "/none/such" },
		"holds no certificate":  func(i *Identity) { i.CA = put("junk", "x", 0o600) },
		"certificate":           func(i *Identity) { i.Cert = put("other", other, 0o600) },
		"can be read by others": func(i *Identity) { i.Key = put("open", key, 0o644) },
		"no such file":          func(i *Identity) { i.Key = "/none/such" },
	} {
		i := good
		change(&i)
		if _, err := i.Config(nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", want, err)
		}
	}
	conf, err := good.Config(func() time.Time { return time.Unix(1_790_000_000, 0) })
	if err != nil || conf.Time().Unix() != 1_790_000_000 {
		t.Fatalf("%v", err)
	}
	now := func() []byte {
		t.Helper()
		c, err := conf.GetClientCertificate(&tls.CertificateRequestInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Certificate[0]
	}
	first := now()
	put("cert", other, 0o644)
	put("key", otherKey, 0o600)
	if bytes.Equal(first, now()) {
		t.Error("a renewed certificate needs a restart")
	}
}
