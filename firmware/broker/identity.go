package broker

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// Identity is who connects, and whom it trusts, as files in PEM.
type Identity struct {
	CA   string // authorities that vouch for the broker
	Cert string // our certificate, with what stands between it and the authority
	Key  string // of it; readable by nobody else
}

// Config is the TLS of an identity. The files are looked at now, so that a wrong one is told at once, and the certificate again at each connection, so that a renewed
// one needs no restart. now is the time by which certificates are judged; nil is the machine's.
func (i Identity) Config(now func() time.Time) (*tls.Config, error) {
	raw, err := os.ReadFile(i.CA)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("authority: %s holds no certificate", i.CA)
	}
	if info, err := os.Stat(i.Key); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key: %s can be read by others: chmod 600 %s", i.Key, i.Key)
	}
	if _, err := i.pair(); err != nil {
		return nil, err
	}
	return &tls.Config{
		RootCAs: pool, Time: now, MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.pair() },
	}, nil
}

// Secret is derived from the key: the owner's own, and always the same.
func (i Identity) Secret() ([]byte, error) {
	key, err := os.ReadFile(i.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("nabz client id")) // never fails
	return mac.Sum(nil), nil
}

func (i Identity) pair() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(i.Cert, i.Key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("certificate %s with key %s", i.Cert, i.Key), err)
	}
	return &c, nil
}
