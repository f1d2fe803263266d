// Package intake is the clinic's door: it takes what kiosks publish, records it once, and tells each kiosk what became of it.
//
//	publish -> topic checked -> unpacked -> held to the profile -> ledger -> record -> ledger -> receipt -> PUBACK
//
// The broker may forget a message only after some receipt for it, retry included, was published: withheld PUBACKs would stall every kiosk.
// A crash between any two steps is made good by the kiosk's next try: the record has each id once, and the answer is then duplicate.
package intake

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/fhir"
	"nabz/firmware/wire"
)

// Opts is what an intake needs.
type Opts struct {
	Name     string // of this clinic: 1 to 40 of a-z, 0-9 and -
	Base     string // prefix of the deployment's identifier systems
	Practice bool   // serves the practice root and takes HTEST only; otherwise the live root and never HTEST
	Broker   broker.Opts
	Ledger   *ledger.Ledger
	Record   ehr.Record
	Log      *slog.Logger
	Seals    Seals                                                               // the zero value opens nothing
	Audit    func(kiosk string, lines []wire.AuditLine) (next uint64, err error) // keeps what kiosks tell of their audits; nil: nobody does
	Profiles string                                                              // folder of signed site profiles, {kiosk}.profile; empty: kiosks are sent none
	Zone     *time.Location                                                      // where a day begins and ends; nil is UTC
}

// Intake is the clinic's receiving side.
type Intake struct {
	Opts
	root    string
	session string
	storage sync.Map    // kiosk -> what it told of its storage last
	online  sync.Map    // kiosk -> wire.State: it is
	nudged  chan string // kiosks for which there may be an errand
}

// New returns an intake; Run starts it.
func New(o Opts) *Intake {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Intake{Opts: o, root: wire.Root(o.Practice), nudged: make(chan string, 256)}
}

// Nudge says that the ledger has an errand for a kiosk. It returns at once; what finds no place is found within a minute.
func (in *Intake) Nudge(kiosk string) {
	select {
	case in.nudged <- kiosk:
	default:
	}
}

// Run rebuilds the ledger from the record, then serves until ctx ends. A broker that is away is waited for. ready is called once, when the
// first connection serves.
func (in *Intake) Run(ctx context.Context, ready func()) error {
	if err := in.rebuild(); err != nil {
		return err
	}
	var once sync.Once
	broker.Keep(ctx, func(ctx context.Context) error { return in.serve(ctx, func() { once.Do(ready) }) }, func(err error) {
		in.Log.Warn("broker lost; trying again", "why", err)
	})
	return nil
}

// rebuild notes in the ledger what the record has and the ledger lacks.
func (in *Intake) rebuild() error {
	added := 0
	err := in.Record.Each(func(id string, bundle []byte, loc []string) error {
		if _, known, err := in.Ledger.Find(id); err != nil || known {
			return err
		}
		added++
		return in.add(id, bundle, loc)
	})
	if added > 0 {
		in.Log.Info("ledger rebuilt from the record", "added", added)
	}
	return err
}

// stillNew is how old a Bundle may be that counts as unread after the ledger was lost: nobody knows what doctors had opened.
const stillNew = 7 * 24 * time.Hour

// add notes a Bundle that the record had already.
func (in *Intake) add(id string, bundle []byte, loc []string) error {
	e := ledger.Entry{Hash: ledger.Hash(bundle), Loc: loc}
	var unread []byte
	if sum, err := fhir.Check(bundle, in.Base, in.Practice); err == nil {
		e.Patient = sum.Patient
		if came := sum.Sent; time.Since(came) < stillNew {
			if unread, err = chart.Recorded(in.Ledger, bundle, came); err != nil {
				return err
			}
		}
	}
	return in.Ledger.Add(id, e, unread)
}

// serve uses one connection until it or ctx ends.
func (in *Intake) serve(ctx context.Context, ready func()) error {
	in.session = uuid.NewString()
	o := in.Broker
	o.ClientID, o.ManualAck = in.Name, true
	o.Will = &broker.Message{Topic: wire.ClinicTopic(in.root, in.Name), QoS: 1, Retained: true, Payload: in.state(wire.Offline)}
	conn, err := broker.Connect(ctx, o)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &desks{in: in, conn: conn, ctx: ctx, by: map[string]chan func() error{}}
	defer d.busy.Wait()
	defer cancel()
	for _, part := range []string{wire.UpObs, wire.UpHello, wire.UpRes, wire.UpEvt, wire.StateTopic} {
		if err := conn.Subscribe(ctx, wire.All(in.root, part), 1, d.take); err != nil {
			return err
		}
	}
	if err := in.announce(ctx, conn, wire.Online); err != nil {
		return err
	}
	ready()
	again := time.NewTicker(errandsEvery)
	defer again.Stop()
	for {
		select {
		case kiosk := <-in.nudged:
			d.run(kiosk, 0)
		case <-again.C:
			in.profiles(d)
			if err := in.remind(d); err != nil {
				in.Log.Error("errands cannot be read", "why", err)
			}
		case <-conn.Done():
			return conn.Err()
		case <-ctx.Done():
			return in.farewell(conn)
		}
	}
}

func (in *Intake) announce(ctx context.Context, conn *broker.Conn, st string) error {
	return conn.Publish(ctx, broker.Message{Topic: wire.ClinicTopic(in.root, in.Name), QoS: 1, Retained: true, Payload: in.state(st)})
}

func (in *Intake) state(st string) []byte {
	return wire.Encode(wire.ClinicState{St: st, Session: in.session})
}

// farewell says offline, so that kiosks need not wait for the will.
func (in *Intake) farewell(conn *broker.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return errors.Join(in.announce(ctx, conn, wire.Offline), context.Canceled)
}
