package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, pool := selfSigned(t)
	m := start(t, "certfile "+write(t, dir, "cert.pem", cert), "keyfile "+write(t, dir, "key.pem", key))
	o := m.opts("kiosk-1")
	o.URL = "ssl://" + m.addr
	o.TLS = &tls.Config{RootCAs: pool}
	publish(t, connect(t, o), "open/x", "over TLS")
	o.TLS = &tls.Config{RootCAs: pool, Time: func() time.Time { return time.Unix(0, 0) }}
	publish(t, connect(t, o), "open/x", "from a kiosk that thinks that it is 1970")
	o.TLS = &tls.Config{RootCAs: pool, Time: func() time.Time { return time.Now().AddDate(1, 0, 0) }}
	if _, err := Connect(within(t), o); err == nil || !strings.Contains(err.Error(), "this machine's date") {
		t.Errorf("a broker whose certificate has ended: %v", err)
	}
	o.TLS = &tls.Config{RootCAs: x509.NewCertPool(), Time: func() time.Time { return time.Unix(0, 0) }}
	if _, err := Connect(within(t), o); err == nil {
		t.Error("in 1970 a broker of another authority was believed")
	}
	o.TLS = nil
	if _, err := Connect(within(t), o); err == nil || !strings.Contains(err.Error(), "check the broker's certificate") {
		t.Errorf("a broker with a certificate that nobody vouches for: %v", err)
	}
}

// selfSigned is a certificate for the loopback address, its key, and the pool that trusts it.
func selfSigned(t testing.TB) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), pool
}

func mustAddress(t testing.TB, raw string) *url.URL {
	t.Helper()
	at, err := address(raw)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
