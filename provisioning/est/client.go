package est

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"nabz/firmware/validity"
	"nabz/provisioning/authority"
)

// Client is a box that asks.
type Client struct {
	Server string           // https://host:port
	Roots  *x509.CertPool   // whom it trusts; Bootstrap finds out when it knows nobody yet
	Cert   *tls.Certificate // its own, if it has one
	Now    func() time.Time // by which the server's certificate is judged; nil is the machine's clock
}

// ErrRefused is an answer that asking again does not change.
var ErrRefused = errors.New("refused")

// Bootstrap fetches the authority of a server, and takes it when its root has that fingerprint. Nothing else of the connection is trusted.
func Bootstrap(ctx context.Context, server, root string) ([]*x509.Certificate, error) {
	c := Client{Server: server}
	body, err := c.do(ctx, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, http.MethodGet, prefix+"cacerts", nil, nil)
	if err != nil {
		return nil, err
	}
	all, err := certs(body)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if authority.Is(r, root) && r.IsCA && r.CheckSignatureFrom(r) == nil {
			return ordered(r, all)
		}
	}
	return nil, fmt.Errorf("%s has another authority than the invitation says: do not go on, and ask headquarters", server)
}

// ordered are the authorities that the root has signed, and the root at the end.
func ordered(root *x509.Certificate, all []*x509.Certificate) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for _, c := range all {
		if c.Equal(root) {
			continue
		}
		if err := c.CheckSignatureFrom(root); err != nil {
			return nil, fmt.Errorf("%s is not the root's: %w", c.Subject.CommonName, err)
		}
		chain = append(chain, c)
	}
	return append(chain, root), nil
}

// Enroll asks for the certificate of a name with a token.
func (c Client) Enroll(ctx context.Context, name, token string, csr []byte) (*x509.Certificate, error) {
	return c.certificate(ctx, "simpleenroll", csr, func(r *http.Request) { r.SetBasicAuth(name, token) })
}

// Reenroll renews the client's own certificate.
func (c Client) Reenroll(ctx context.Context, csr []byte) (*x509.Certificate, error) {
	return c.certificate(ctx, "simplereenroll", csr, func(*http.Request) {})
}

func (c Client) certificate(ctx context.Context, how string, csr []byte, who func(*http.Request)) (*x509.Certificate, error) {
	block, _ := pem.Decode(csr)
	if block == nil {
		return nil, errors.New("the request is no PEM")
	}
	body, err := c.do(ctx, c.tls(), http.MethodPost, prefix+how, inLines(block.Bytes), func(r *http.Request) {
		r.Header.Set("Content-Type", typeRequest)
		r.Header.Set("Content-Transfer-Encoding", "base64")
		who(r)
	})
	if err != nil {
		return nil, err
	}
	all, err := certs(body)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Lists fetches the newest revocation lists, as PEM.
func (c Client) Lists(ctx context.Context) ([]byte, error) {
	return c.do(ctx, c.tls(), http.MethodGet, "/ca.crl", nil, nil)
}

// Profile fetches the site profile, signed. It is nil when the server has none for this kiosk.
func (c Client) Profile(ctx context.Context) ([]byte, error) {
	raw, err := c.do(ctx, c.tls(), http.MethodGet, "/profile", nil, nil)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	return raw, err
}

func (c Client) tls() *tls.Config {
	t := &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12, Time: c.Now}
	if c.Cert != nil {
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.Cert, nil }
	}
	return t
}

var errNotFound = errors.New("not found")

// patience is how long one question may take: links are slow.
const patience = time.Minute

// do asks, and asks again by the time at which the server's certificate begins when this clock stands behind it.
func (c Client) do(ctx context.Context, t *tls.Config, method, path string, body []byte, set func(*http.Request)) ([]byte, error) {
	raw, err := c.once(ctx, t, method, path, body, set)
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	begin, later := validity.Begin(err, now())
	if !later {
		return raw, err
	}
	t = t.Clone()
	t.Time = func() time.Time { return begin }
	return c.once(ctx, t, method, path, body, set)
}

func (c Client) once(ctx context.Context, t *tls.Config, method, path string, body []byte, set func(*http.Request)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if set != nil {
		set(r)
	}
	transport := &http.Transport{TLSClientConfig: t, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.Server, err)
	}
	defer answer.Body.Close() // only read
	raw, err := io.ReadAll(io.LimitReader(answer.Body, mostBody))
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask %s: %w", c.Server, err)
	case answer.StatusCode == http.StatusOK:
		return raw, nil
	case answer.StatusCode == http.StatusNotFound:
		return nil, errNotFound
	case answer.StatusCode >= 400 && answer.StatusCode < 500:
		return nil, fmt.Errorf("%w by %s: %s", ErrRefused, c.Server, strings.TrimSpace(string(raw)))
	}
	return nil, fmt.Errorf("ask %s: it answers %s: %s", c.Server, answer.Status, strings.TrimSpace(string(raw)))
}
