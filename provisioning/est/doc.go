// Package est enrols kiosks on line: Enrollment over Secure Transport (RFC 7030, with RFC 8951's corrections), both ends of it.
//
//	GET  /.well-known/est/cacerts         the authority, as certs-only PKCS #7
//	POST /.well-known/est/simpleenroll    a request (PKCS #10) with a name and a token of one use (HTTP Basic): its certificate
//	POST /.well-known/est/simplereenroll  a request under the certificate that it renews, which may have ended some time ago
//	GET  /.well-known/est/csrattrs        nothing is asked of requests beyond a P-256 key: 204
//	GET  /ca.crl                          the newest revocation lists, as PEM
//	GET  /profile                         the site profile of the kiosk whose certificate asks: signed CMS, or 404
//
// Bodies are base64 of DER. The last two are no part of EST. A box that was never enrolled knows nobody: it takes the authority whose root has the fingerprint of its
// invitation (RFC 7030, 4.1.1), and speaks TLS by it from then on.
package est

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/smallstep/pkcs7"
)

const (
	prefix = "/.well-known/est/"

	typeRequest = "application/pkcs10"
	typeCerts   = "application/pkcs7-mime; smime-type=certs-only"

	// mostBody is how many bytes a request or an answer has at most.
	mostBody = 64 << 10
)

// certsOnly writes certificates as degenerate PKCS #7 in base64 (RFC 7030, 4.1.3), in lines of 64.
func certsOnly(certs ...*x509.Certificate) ([]byte, error) {
	var der []byte
	for _, c := range certs {
		der = append(der, c.Raw...)
	}
	p7, err := pkcs7.DegenerateCertificate(der)
	if err != nil {
		return nil, err
	}
	return inLines(p7), nil
}

func inLines(der []byte) []byte {
	text := base64.StdEncoding.EncodeToString(der)
	var b bytes.Buffer
	for ; len(text) > 64; text = text[64:] {
		b.WriteString(text[:64] + "\n")
	}
	b.WriteString(text + "\n")
	return b.Bytes()
}

// plain reads a body in base64; PEM and DER, which some programs send, are taken too.
func plain(body []byte) ([]byte, error) {
	if block, _ := pem.Decode(body); block != nil {
		return block.Bytes, nil
	}
	if len(body) > 0 && body[0] == 0x30 && body[len(body)-1] != '\n' {
		return body, nil
	}
	der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(body), nil)))
	if err != nil || len(der) == 0 {
		return nil, errors.New("the body is no base64")
	}
	return der, nil
}

// certs reads certs-only PKCS #7.
func certs(body []byte) ([]*x509.Certificate, error) {
	der, err := plain(body)
	if err != nil {
		return nil, err
	}
	p, err := pkcs7.Parse(der)
	if err != nil || len(p.Certificates) == 0 {
		return nil, errors.New("the answer has no certificates (PKCS #7)")
	}
	return p.Certificates, nil
}
