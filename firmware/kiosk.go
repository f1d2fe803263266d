package firmware

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nabz/drivers/board"
	"nabz/drivers/port"
	"nabz/firmware/audit"
	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/power"
	"nabz/firmware/pulse"
	"nabz/firmware/requests"
	"nabz/firmware/screen"
	"nabz/firmware/switchboard"
	"nabz/firmware/upkeep"
	"nabz/firmware/uplink"
	"nabz/firmware/visits"
	"nabz/firmware/wire"
	"nabz/firmware/workers"
	"nabz/queue"
)

// Kiosk is the whole appliance: what is durable, and the parts that share it.
type Kiosk struct {
	cfg     config.Config
	version string
	ports   port.System
	log     *slog.Logger

	queue   *queue.Queue
	visits  *visits.Store
	clock   *clock.Clock
	audit   *audit.Log
	workers *workers.Register

	numbers live.Board[live.Numbers]
	wave    live.Wave
	devices live.Board[[]live.Device]
	link    live.Board[uplink.Link]
	power   live.Board[power.State]
	verdict live.Board[power.Verdict]
	card    live.Board[board.Card]

	board    *switchboard.Board
	tapes    tapes
	counters counters
	up       *uplink.Uplink // nil in a lesson
	desk     *desk
	tls      *tls.Config // nil without certificates
	secret   []byte      // likewise
	sealing  *sealing    // nil: the plain mode

	pulses  pulse.Set
	checker *checker        // nil where nobody gave one
	history *upkeep.History // nil in a lesson
	ended   error           // of Run
	counted counted

	certificate ownCertificate
	profiles    chan []byte // site profiles that the clinic sent
	receipts    *receipts
	requested   *requested
	practice    practice
	screen      *screen.Server
	tasks       []Task
}

// Open opens everything durable below cfg.Data and binds the screen's address; nothing runs yet. Practice and live never share a
// folder. version is what the FHIR Device says of this software.
func Open(cfg config.Config, version string, log *slog.Logger) (*Kiosk, error) {
	return OpenOn(port.Host, cfg, version, log)
}

// OpenOn is Open with the ports and buses of a system that may be another than this one.
func OpenOn(ports port.System, cfg config.Config, version string, log *slog.Logger) (*Kiosk, error) {
	k, err := assemble(cfg, version, ports, log)
	if err != nil {
		return nil, err
	}
	if err := k.identify(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	if !screen.HasFonts() {
		log.Warn("this program was built without the screen's fonts: Urdu is set in another: make web")
	}
	if !screen.HasVoice() {
		log.Warn("this program was built without spoken prompts: make voice")
	}
	if k.history, err = upkeep.Begin(filepath.Join(k.dir(), "runs.json"), version, k.clock.Now()); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.begin()
	if k.screen, err = screen.Listen(cfg.Listen, backend{k}, upkeep.Metrics(k.snapshot), log); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.tasks = append(k.tasks, k.screen, k.uplink(), &card{cfg.Data, board.HostSys.Card, &k.card, log})
	k.tasks = append(append(k.tasks, k.boxTasks()...), k.keeper())
	return k, nil
}

// boxTasks watch the box: what feeds it, its lines, its lamp.
func (k *Kiosk) boxTasks() []Task {
	own := newBox(k.cfg.Board, k.ports, k.log)
	s := &supply{
		read: board.Host.Read, box: own, measuring: k.measuring, may: k.cfg.Board.PowerOff != "", state: &k.power, verdict: &k.verdict, log: k.log,
	}
	lights := &signals{own, func() (power.State, power.Verdict) {
		state, _ := k.power.Get()
		verdict, _ := k.verdict.Get()
		return state, verdict
	}}
	return append(own.tasks(), s, lights)
}

// assemble is a kiosk without a screen and without a link.
func assemble(cfg config.Config, version string, ports port.System, log *slog.Logger) (*Kiosk, error) {
	k := &Kiosk{cfg: cfg, version: version, ports: ports, log: log, board: switchboard.New(ports), profiles: make(chan []byte, 1)}
	var err error
	if k.sealing, err = openSealing(cfg); err != nil {
		return nil, err
	}
	if err := k.openStores(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	book, err := requests.Open(k.visits, k.clock.Now)
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.requested = &requested{Book: book, k: k}
	k.receipts = newReceipts(k.visits, k.queue, k.clock, k.audit.Note)
	k.receipts.seen = func(entry string) { // until it says so the clinic tells again
		book.Tell(wire.Result{ID: wire.BundleID(cfg.Name, entry), Status: wire.ResultSeen})
	}
	cuff := newCuff()
	k.desk = &desk{
		queue: k.queue, visits: k.visits, clock: k.clock, audit: k.audit, numbers: &k.numbers, cuff: cuff, tapes: &k.tapes, power: &k.power, sealing: k.sealing, log: log,
		settings: settingsOf(cfg),
		asks:     make(chan ask), stream: make(chan arrival, 256), events: make(chan exam.What),
	}
	if err := errors.Join(k.receipts.reconcile(), k.desk.resume(context.Background())); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.tasks = append(k.peripherals(cuff), k.board, k.desk, k.receipts)
	return k, nil
}

// Also has a kiosk that does not run yet run further tasks. Those from outside hear of the time what is certain.
func (k *Kiosk) Also(make func(atLeast func() time.Time) Task) {
	k.tasks = append(k.tasks, make(k.clock.AtLeast))
}

func settingsOf(cfg config.Config) exam.Settings {
	s := exam.Settings{Rest: cfg.Exam.Rest, Gap: cfg.Exam.Gap, Readings: cfg.Exam.Readings, Practice: cfg.Practice, Urgent: cfg.Exam.Urgent}
	for _, step := range cfg.Exam.Order {
		s.Steps = append(s.Steps, exam.Step(step))
	}
	return s
}

// URL is where the screen is.
func (k *Kiosk) URL() string { return k.screen.URL() }

// Run runs the kiosk until ctx ends or the queue fails. When it returns, a cuff that was measuring has been told to stop.
func (k *Kiosk) Run(ctx context.Context) error {
	defer k.practice.end()
	k.ended = runAll(ctx, &k.pulses, k.log, k.tasks...)
	return k.ended
}

// Close closes what is durable, the queue last.
func (k *Kiosk) Close() error {
	errs := []error{k.noteEnd()}
	if k.audit != nil {
		errs = append(errs, k.audit.Close())
	}
	if k.visits != nil {
		errs = append(errs, k.visits.Close())
	}
	if k.queue != nil {
		errs = append(errs, k.queue.Close())
	}
	return errors.Join(errs...)
}

// dir is where everything durable is.
func (k *Kiosk) dir() string {
	if k.cfg.Practice {
		return filepath.Join(k.cfg.Data, "practice")
	}
	return filepath.Join(k.cfg.Data, "live")
}

func (k *Kiosk) openStores() error {
	dir := k.dir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open kiosk: %w", err)
	}
	var err error
	if k.clock, err = clock.Open(filepath.Join(dir, "clock.json")); err != nil {
		return err
	}
	var found queue.Recovery
	if k.queue, found, err = queue.Open(filepath.Join(dir, "queue"), queue.Opts{Quota: k.cfg.Quota}); err != nil {
		return err
	}
	k.log.Info("queue opened", "found", found)
	if k.visits, err = visits.Open(filepath.Join(dir, "visits"), k.historyKey(), k.chip()); err != nil {
		return err
	}
	if k.audit, err = audit.OpenLog(filepath.Join(dir, "audit.log"), k.clock.Now); err != nil {
		return err
	}
	k.workers, err = workers.Open(k.visits, k.clock.Now, accounts(k.cfg))
	began := []audit.Entry{{Did: audit.Started, What: k.version, OK: true}}
	if k.cfg.Profile > 0 {
		began = append(began, audit.Entry{Did: audit.Configured, What: fmt.Sprint(k.cfg.Profile), OK: true})
	}
	return errors.Join(err, k.audit.Note(began...))
}

// historyKey is where the key of the kiosk's own memory lies: with the identity, off the partition of the data, where there is one.
func (k *Kiosk) historyKey() string {
	switch {
	case k.cfg.Identity == "":
		return ""
	case k.cfg.Practice:
		return filepath.Join(k.cfg.Identity, "practice.key")
	}
	return filepath.Join(k.cfg.Identity, "history.key")
}

// chip is the board's TPM, where it has one that this kiosk may use, and an identity whose folder it protects.
func (k *Kiosk) chip() visits.Chip {
	if k.cfg.Identity == "" {
		return nil
	}
	f, err := os.OpenFile(board.HostTPM, os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	if err := f.Close(); err != nil {
		return nil
	}
	return board.TPM{Path: board.HostTPM}
}

// accounts are those of the configuration.
func accounts(cfg config.Config) []workers.Worker {
	var all []workers.Worker
	for _, w := range cfg.Workers {
		all = append(all, workers.Worker{Number: w.Number, PIN: w.PIN, Left: w.Left})
	}
	return all
}

func (k *Kiosk) uplink() Task {
	k.up = uplink.New(k.uplinkOpts())
	return k.up
}

// identify reads who this kiosk is to its broker, where kiosk.toml says so.
func (k *Kiosk) identify() (err error) {
	if b := k.cfg.Broker; b.CA != "" {
		who := broker.Identity{CA: b.CA, Cert: b.Cert, Key: b.Key}
		if k.tls, err = who.Config(k.clock.AtLeast); err == nil {
			k.secret, err = who.Secret()
		}
		if err != nil {
			return fmt.Errorf("broker: %w", err)
		}
	}
	return nil
}

func (k *Kiosk) uplinkOpts() uplink.Opts {
	o := uplink.Opts{
		Queue: k.queue, Clock: k.clock, Kiosk: k.cfg.Name, Base: k.cfg.FHIRBase, Software: k.version, Zone: k.cfg.Zone,
		Practice: k.cfg.Practice, Compress: k.cfg.Broker.Compress,
		Broker: broker.Opts{
			URL: k.cfg.Broker.URL, ClientID: k.cfg.Name, Username: k.cfg.Broker.Username, Password: k.cfg.Broker.Password, TLS: k.tls,
			Secret: k.secret,
		},
		Receipt: k.receipts.add, Link: k.link.Set, Live: watched{k}, Requests: k.requested, Tally: k.tally, Box: watched{k}.box, Log: k.log,
	}
	if k.sealing != nil {
		o.Sealing = k.sealing
	}
	o.Audit, o.Clocked = told{k}, k.clocked
	o.Profile = func(raw []byte) {
		select {
		case k.profiles <- raw:
		default: // the clinic sends it again
		}
	}
	if o.Most = wire.Mode(k.cfg.Live); k.cfg.Live == "off" {
		o.Live, o.Most = nil, ""
	}
	return o
}
