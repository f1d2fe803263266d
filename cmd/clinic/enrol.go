package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/est"
)

// enrolCmd lets invited boxes enrol, and kiosks renew, on line.
type enrolCmd struct {
	Authority  string `arg:"" type:"existingdir" help:"The authority's folder, without root.age."`
	Listen     string `default:"0.0.0.0:8443" help:"Address."`
	TLSCert    string `required:"" name:"tls-cert" type:"existingfile" help:"This server's certificate, by the same authority."`
	TLSKey     string `required:"" name:"tls-key" type:"existingfile" help:"Its key."`
	Passphrase string `required:"" type:"existingfile" help:"File whose first line is the authority's passphrase."`
	GraceDays  int    `default:"180" help:"How long after its end a certificate can still be renewed here; brokers know no grace."`
	Profiles   string `type:"existingdir" help:"Folder of signed site profiles, KIOSK.profile."`
}

// Help implements kong.HelpProvider.
func (enrolCmd) Help() string {
	return `Enrollment over Secure Transport (RFC 7030): a box comes with the token of "kioskctl authority invite", once; a kiosk renews with the certificate that it has. It is
a process of its own, since it holds the issuing key and nothing else does. kioskctl authority works on the same folder meanwhile.

Example:
  clinic enrol /var/lib/nabz-authority --tls-cert server.crt --tls-key server.key --passphrase /run/credentials/passphrase`
}

// Run implements clinic enrol.
func (c enrolCmd) Run(ctx context.Context) (err error) {
	log := logger()
	passphrase, err := firstLine(c.Passphrase)
	if err != nil {
		return err
	}
	a, err := authority.Open(c.Authority, passphrase)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.HasRootKey() {
		log.Warn("root.age is in the folder of a machine that is on line: take it to the safe", "folder", c.Authority)
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return fmt.Errorf("--tls-cert: %w", err)
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	s := &est.Server{
		Authority: a, Lists: filepath.Join(c.Authority, "ca.crl"), Profiles: c.Profiles, Grace: time.Duration(c.GraceDays) * 24 * time.Hour, Log: log,
	}
	fmt.Printf("enrolment ready: https://%s\n", l.Addr())
	return serveUntil(ctx, &http.Server{
		Handler: s.Handler(), TLSConfig: est.TLS(cert), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo),
	}, l)
}

func serveUntil(ctx context.Context, s *http.Server, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // what is under way is asked for again
	defer stop()
	if err := s.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // only read
	line, err := bufio.NewReader(f).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.Join(fmt.Errorf("%s has no first line", path), err)
	}
	return line, nil
}
