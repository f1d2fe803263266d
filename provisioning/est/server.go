package est

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"nabz/provisioning/authority"
)

// Server answers boxes that enrol or renew.
type Server struct {
	Authority *authority.Authority
	Lists     string        // file with the revocation lists
	Profiles  string        // folder with the signed profiles, {kiosk}.profile; empty is none
	Grace     time.Duration // how long after its end a certificate can be renewed
	Log       *slog.Logger
}

// TLS is the configuration of the listener: a certificate is asked for and looked at by the handlers, since one that has ended may still be renewed.
func TLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}
}

// Handler serves it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"cacerts", s.cacerts)
	mux.HandleFunc("GET "+prefix+"csrattrs", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST "+prefix+"simpleenroll", s.enroll)
	mux.HandleFunc("POST "+prefix+"simplereenroll", s.reenroll)
	mux.HandleFunc("GET /ca.crl", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, s.Lists) })
	mux.HandleFunc("GET /profile", s.profile)
	return http.MaxBytesHandler(mux, mostBody)
}

func (s *Server) cacerts(w http.ResponseWriter, _ *http.Request) {
	var all []*x509.Certificate
	for rest := s.Authority.Trusted(); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			s.fail(w, "cacerts", "", err)
			return
		}
		all = append(all, c)
	}
	s.give(w, all...)
}

func (s *Server) give(w http.ResponseWriter, all ...*x509.Certificate) {
	body, err := certsOnly(all...)
	if err != nil {
		s.fail(w, "answer", "", err)
		return
	}
	w.Header().Set("Content-Type", typeCerts)
	w.Header().Set("Content-Transfer-Encoding", "base64") // RFC 8951 takes no notice of it; older clients want it
	if _, err := w.Write(body); err != nil {
		s.Log.Info("est: the box has gone", "error", err)
	}
}

func (s *Server) enroll(w http.ResponseWriter, r *http.Request) {
	name, token, given := r.BasicAuth()
	if !given {
		w.Header().Set("WWW-Authenticate", `Basic realm="kiosk name and token of its invitation"`)
		http.Error(w, "give the kiosk's name and the token of its invitation", http.StatusUnauthorized)
		return
	}
	csr, err := request(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c, err := s.Authority.Admit(name, token, csr)
	if err != nil {
		s.fail(w, "enrol", name, err)
		return
	}
	s.Log.Info("est: enrolled", "kiosk", name, "until", c.NotAfter)
	s.give(w, c)
}

func request(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return plain(body)
}

// errNoCertificate is a request that needs one.
var errNoCertificate = errors.New("come with the kiosk's certificate")

func (s *Server) reenroll(w http.ResponseWriter, r *http.Request) {
	if len(r.TLS.PeerCertificates) == 0 {
		http.Error(w, errNoCertificate.Error(), http.StatusForbidden)
		return
	}
	csr, err := request(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	old := r.TLS.PeerCertificates[0]
	c, err := s.Authority.Renew(old, csr, s.Grace)
	if err != nil {
		s.fail(w, "renew", old.Subject.CommonName, err)
		return
	}
	s.Log.Info("est: renewed", "kiosk", c.Subject.CommonName, "until", c.NotAfter)
	s.give(w, c)
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	if len(r.TLS.PeerCertificates) == 0 {
		http.Error(w, errNoCertificate.Error(), http.StatusForbidden)
		return
	}
	name, err := s.Authority.Stands(r.TLS.PeerCertificates[0])
	if err != nil {
		s.fail(w, "profile", r.TLS.PeerCertificates[0].Subject.CommonName, err)
		return
	}
	raw, err := os.ReadFile(filepath.Join(s.Profiles, name+".profile"))
	if s.Profiles == "" || errors.Is(err, os.ErrNotExist) {
		http.Error(w, fmt.Sprintf("there is no profile of %s here", name), http.StatusNotFound)
		return
	}
	if err != nil {
		s.fail(w, "profile", name, err)
		return
	}
	w.Header().Set("Content-Type", "application/cms")
	if _, err := w.Write(raw); err != nil {
		s.Log.Info("est: the box has gone", "error", err)
	}
}

// fail answers with what is wrong with the request, and logs it; what is wrong here is logged only.
func (s *Server) fail(w http.ResponseWriter, what, name string, err error) {
	s.Log.Warn("est: refused", "what", what, "kiosk", name, "error", err)
	switch {
	case errors.Is(err, authority.ErrToken):
		w.Header().Set("WWW-Authenticate", `Basic realm="kiosk name and token of its invitation"`)
		http.Error(w, err.Error(), http.StatusUnauthorized)
	case errors.Is(err, authority.ErrNotRenewed), errors.Is(err, authority.ErrTwin):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, authority.ErrRequest):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		http.Error(w, "something is wrong here: its log says what", http.StatusInternalServerError)
	}
}
