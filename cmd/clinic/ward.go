package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/relay"
	"nabz/cmd/clinic/internal/site"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/broker"
	"nabz/firmware/seal"
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
}

// openPages binds the address and reads the accounts; nil without --ward. name is this process's among those that watch.
func (f wardFlags) openPages(
	name, root string, link broker.Opts, keys []seal.Private, book chart.Keeper, audit func(door.Event) error, log *slog.Logger,
) (*pages, error) {
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
	if !site.HasFonts() {
		log.Warn("this program was built without the pages' fonts and curves: Urdu may have letters missing: make web")
	}
	hub := ward.NewHub(log)
	host := cmp.Or(f.Host, l.Addr().String())
	entry := door.NewEntry(people.Accounts)
	provider, err := f.OIDC.provider(people.Groups, f.address(host), entry)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	handler := (&site.Site{Practice: root == wire.PracticeRoot, Hub: hub, Book: book, Log: log, Guard: &door.Guard{
		Entry: entry, Sessions: door.NewSessions(), Audit: audit, Log: log, Host: host, Provider: provider,
	}}).Handler()
	line := ward.Line{Hub: hub, Name: name, Root: root, Broker: link, Log: log, Seals: &ward.Seals{Keys: keys}}
	return &pages{listener: l, line: line, http: &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
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
	if err := p.http.Serve(p.listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// replicaCmd serves the pages of a clinic that runs elsewhere.
type replicaCmd struct {
	Of       string `required:"" help:"Name of the clinic that keeps the books; it runs with --replicas."`
	Name     string `required:"" help:"Name of this replica, which no other process of the clinic has: 1 to 40 of a-z, 0-9 and -."`
	Broker   string `required:"" help:"The broker of both (tcp:// or ssl://host:port)."`
	Practice bool   `help:"Of a clinic that serves the practice root."`

	tlsFlags
	wardFlags
}

// Help implements kong.HelpProvider.
func (replicaCmd) Help() string {
	return `Several replicas share the doctors who watch. Each holds its own sessions, so whoever balances between them has to send a browser to the same one.

Example:
  clinic replica --of clinic-1 --name clinic-2 --broker ssl://broker.example:8883 --ward 10.0.0.2:443 --host ward.example --accounts /etc/nabz/accounts.json --tls-cert /etc/nabz/ward.crt --tls-key /etc/nabz/ward.key`
}

// Run implements clinic replica.
func (c replicaCmd) Run(ctx context.Context) error {
	for flag, name := range map[string]string{"--name": c.Name, "--of": c.Of} {
		if err := wire.CheckKiosk(name); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	if c.Name == c.Of || c.Ward == "" {
		return errors.New("a replica has a name of its own, and pages to serve: --name, --ward")
	}
	log := logger()
	link, err := c.opts(c.Broker, c.Name, c.Name+"-replica")
	if err != nil {
		return err
	}
	seals, err := c.seals()
	if err != nil {
		return err
	}
	r := &relay.Replica{Clinic: c.Of, Name: c.Name, Root: wire.Root(c.Practice), Broker: link, Keys: seals.Keys, Log: log}
	if link, err = c.opts(c.Broker, c.Name, c.Name+"-ward"); err != nil {
		return err
	}
	p, err := c.openPages(c.Name, r.Root, link, seals.Keys, r, r.Audit, log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.run(ctx) })
	g.Go(func() error { return p.line.Run(ctx, func() {}) })
	ready := sync.OnceFunc(func() { fmt.Printf("replica ready: broker %s, pages %s\n", c.Broker, p.listener.Addr()) })
	g.Go(func() error { return r.Run(ctx, ready) })
	return g.Wait()
}
