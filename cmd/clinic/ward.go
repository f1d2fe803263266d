package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/site"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// wardFlags are those of the doctors' pages.
type wardFlags struct {
	Ward     string    `help:"Serve the doctors' pages at this address, such as 127.0.0.1:8090; needs --accounts."`
	Accounts string    `type:"path" help:"File of the accounts that may look (clinic account makes one)."`
	Host     string    `help:"What browsers call this site, with its port unless it is 443; the address of --ward where it is left out."`
	OIDC     oidcFlags `embed:"" prefix:"oidc-"`
	TLSCert  string    `name:"tls-cert" type:"path" help:"Certificate of the site; needed beyond loopback."`
	TLSKey   string    `name:"tls-key" type:"path" help:"Its key."`
}

// pages serves the doctors' pages until ctx ends.
type pages struct {
	listener net.Listener
	http     *http.Server
	line     ward.Line
	journal  *door.Journal
}

// openPages binds the address and reads the accounts; nil without --ward.
func (c serveCmd) openPages(book *chart.Book, log *slog.Logger) (*pages, error) {
	f := c.wardFlags
	if f.Ward == "" {
		return nil, nil
	}
	people, err := door.Load(f.Accounts)
	if err != nil {
		return nil, fmt.Errorf("--accounts: %w", err)
	}
	l, err := f.listen()
	if err != nil {
		return nil, fmt.Errorf("--ward: %w", err)
	}
	journal, err := door.OpenJournal(filepath.Join(c.Data, "audit"), c.Name, c.Base)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !site.HasFonts() {
		log.Warn("this program was built without the pages' fonts: Urdu may have letters missing: make web")
	}
	hub := ward.NewHub(log)
	host := f.Host
	if host == "" {
		host = l.Addr().String()
	}
	entry := door.NewEntry(people.Accounts)
	provider, err := f.OIDC.provider(people.Groups, f.address(host), entry)
	if err != nil {
		return nil, errors.Join(err, l.Close(), journal.Close())
	}
	pages := site.Site{Hub: hub, Book: book, Log: log, Guard: &door.Guard{
		Entry: entry, Sessions: door.NewSessions(), Audit: journal.Note, Log: log, Host: host, Provider: provider,
	}}
	return pagesOf(l, pages.Handler(), ward.Line{Hub: hub, Name: c.Name, Root: wire.Root(c.Practice), Broker: broker.Opts{URL: c.Broker}, Log: log}, journal, log), nil
}

func pagesOf(l net.Listener, h http.Handler, line ward.Line, j *door.Journal, log *slog.Logger) *pages {
	return &pages{listener: l, line: line, journal: j, http: &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// listen binds. Beyond loopback it takes a certificate: passwords and patients go over it.
func (f wardFlags) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", f.Ward)
	if err != nil {
		return nil, err
	}
	if f.TLSCert == "" {
		if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
			return nil, errors.Join(errors.New("beyond loopback it needs --tls-cert and --tls-key"), l.Close())
		}
		return l, nil
	}
	cert, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), nil
}

// run serves until ctx ends.
func (p *pages) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { p.http.Close() })()
	err := p.http.Serve(p.listener)
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, p.journal.Close())
}
