// Command clinic is the far end: it receives what kiosks send, records it, and sends receipts.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"
	"golang.org/x/sync/errgroup"

	"nabz/cmd/clinic/internal/bus"
	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/intake"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/cmd/clinic/internal/relay"
	"nabz/cmd/clinic/internal/site"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// Stamped by the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

type cli struct {
	Serve   serveCmd         `cmd:"" help:"Receive, record, answer."`
	Broker  brokerCmd        `cmd:"" help:"Run the embedded broker alone."`
	Replica replicaCmd       `cmd:"" help:"Serve the doctors' pages of a clinic that runs elsewhere."`
	Enrol   enrolCmd         `cmd:"" help:"Let invited boxes enrol, and kiosks renew, on line."`
	Account accountCmd       `cmd:"" help:"Make an account for the doctors' pages."`
	Version kong.VersionFlag `help:"Print version and commit."`
}

const description = `The clinic's side of the kiosks.

Examples:
  clinic serve --data /var/lib/nabz-clinic
  clinic serve --data /var/lib/nabz-clinic --broker ssl://broker.example:8883 --fhir https://fhir.example/r4
  clinic serve --data /var/lib/nabz-clinic --ward 127.0.0.1:8090 --accounts /etc/nabz/accounts.json
  clinic broker --data /var/lib/nabz-broker --listen 127.0.0.1:1883`

func main() {
	var c cli
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("clinic"), kong.Description(description), kong.UsageOnError(),
		kong.Vars{"version": version + " " + commit}, kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "clinic:", err)
		os.Exit(1)
	}
}

type brokerCmd struct {
	Data   string `required:"" type:"path" help:"Folder for the broker's state."`
	Listen string `default:"127.0.0.1:1883" help:"Loopback address of the MQTT listener."`
}

// Run implements clinic broker.
func (c brokerCmd) Run(ctx context.Context) error {
	b, err := bus.Start(c.Data, c.Listen)
	if err != nil {
		return err
	}
	fmt.Println("broker ready:", b.Addr())
	<-ctx.Done()
	b.Close()
	return nil
}

type serveCmd struct {
	Data     string `required:"" type:"path" help:"Folder for the record, the ledger and the embedded broker."`
	Listen   string `default:"127.0.0.1:1883" help:"Loopback address of the embedded broker."`
	Broker   string `help:"Use this broker (tcp:// or ssl://host:port) instead of the embedded one."`
	FHIR     string `name:"fhir" help:"Record in this FHIR R4 server (its base URL) instead of the record folder."`
	Practice bool   `help:"Serve the practice root: takes HTEST only. Without it HTEST is refused."`
	Name     string `default:"clinic-1" help:"This clinic's name: 1 to 40 of a-z, 0-9 and -."`
	Base     string `default:"https://nabz.example/fhir" help:"Prefix of the deployment's identifier systems."`

	tlsFlags

	Profiles string `type:"existingdir" help:"Folder of signed site profiles (kioskctl profile sign), KIOSK.profile: each kiosk is sent its own."`
	Replicas bool   `help:"Answer replicas of the pages (clinic replica) through the broker."`

	wardFlags
}

// Run implements clinic serve.
func (c serveCmd) Run(ctx context.Context) (err error) {
	if err := wire.CheckKiosk(c.Name); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	log := logger()
	if c.Broker == "" {
		b, err := bus.Start(filepath.Join(c.Data, "broker"), c.Listen)
		if err != nil {
			return err
		}
		defer b.Close()
		c.Broker = "tcp://" + b.Addr()
	}
	l, err := ledger.Open(filepath.Join(c.Data, "ledger"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	record, where, err := c.record()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, record.Close()) }()
	link, err := c.opts(c.Broker, c.Name, c.Name)
	if err != nil {
		return err
	}
	seals, err := c.seals()
	if err != nil {
		return err
	}
	journal, err := door.OpenJournal(filepath.Join(c.Data, "audit"), c.Name, c.Base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	kiosks, err := door.OpenKiosks(filepath.Join(c.Data, "audit"), journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kiosks.Close()) }()
	in := intake.New(intake.Opts{
		Audit: kiosks.Take, Seals: seals, Profiles: c.Profiles, Name: c.Name, Base: c.Base, Practice: c.Practice, Broker: link, Ledger: l, Record: record, Log: log, Zone: site.Pakistan,
	})
	book := &chart.Book{Base: c.Base, Record: record, Ledger: l, Nudge: in.Nudge}
	g, ctx := errgroup.WithContext(ctx)
	var opening sync.WaitGroup
	if c.Ward != "" || c.Replicas {
		if where, err = c.servePages(ctx, g, &opening, book, journal, where, seals.Keys, log); err != nil {
			return err
		}
	}
	g.Go(func() error {
		return in.Run(ctx, func() {
			opening.Wait()
			fmt.Printf("clinic ready: broker %s, record %s\n", c.Broker, where)
		})
	})
	return g.Wait()
}

// servePages starts the pages and the replicas' counter, as far as they are asked for, and says where the pages are behind what stands there already.
// opening is done when the counter is open.
func (c serveCmd) servePages(
	ctx context.Context, g *errgroup.Group, opening *sync.WaitGroup, book *chart.Book, journal *door.Journal, where string, keys []seal.Private,
	log *slog.Logger,
) (string, error) {
	root := wire.Root(c.Practice)
	link, err := c.opts(c.Broker, c.Name, c.Name+"-ward")
	if err != nil {
		return "", err
	}
	p, err := c.openPages(c.Name, root, link, keys, book, journal.Note, log)
	if err != nil {
		return "", err
	}
	if p != nil {
		g.Go(func() error { return p.run(ctx) })
		g.Go(func() error { return p.line.Run(ctx, func() {}) })
		where += fmt.Sprintf(", pages %s", p.listener.Addr())
	}
	if c.Replicas {
		if link, err = c.opts(c.Broker, c.Name, c.Name+"-counter"); err != nil {
			return "", err
		}
		counter := &relay.Counter{Book: book, Audit: journal.Note, Name: c.Name, Root: root, Broker: link, Keys: keys, Log: log}
		opening.Add(1)
		open := sync.OnceFunc(opening.Done)
		g.Go(func() error {
			defer open()
			return counter.Run(ctx, open)
		})
	}
	return where, nil
}

func (c serveCmd) record() (ehr.Record, string, error) {
	if c.FHIR != "" {
		return ehr.OpenServer(c.FHIR), c.FHIR, nil
	}
	dir := filepath.Join(c.Data, "record")
	f, err := ehr.OpenFolder(dir)
	return f, dir, err
}

// logger writes lines for people to a terminal and JSON anywhere else.
func logger() *slog.Logger {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return slog.New(tint.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
