package clinictest

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/firmware/requests"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
	"nabz/queue"
)

// Unit is a kiosk as far as the clinic notices: a real queue, clock and uplink, and what doctors ask of its people.
type Unit struct {
	Stop     func()
	Requests *requests.Book
	Steps    <-chan uplink.Receipt // of its entries; old ones are dropped

	place *Place
	name  string
	queue *queue.Queue
	clock *clock.Clock

	saved, retracted, recorded atomic.Int64
}

func (u *Unit) tally() wire.Tally {
	counts := u.queue.Stats()
	t := wire.Tally{
		Event: wire.EventTally, Store: "s", Saved: int(u.saved.Load()), Recorded: int(u.recorded.Load()), Retracted: int(u.retracted.Load()),
		Waiting: counts.Waiting, Parked: counts.Parked,
	}
	held, err := u.queue.List(queue.Parked, wire.MostHeld)
	for _, it := range held {
		t.Held = append(t.Held, wire.Held{ID: wire.BundleID(u.name, it.ID), Why: it.Parked, Put: it.Put.Unix()})
	}
	if err != nil {
		u.place.Error(err)
	}
	return t
}

// Park has an entry wait for a person.
func (u *Unit) Park(bundle, why string) {
	u.place.Helper()
	entry, _ := wire.EntryID(u.name, bundle)
	it, _, err := u.queue.Find(entry)
	if err == nil {
		err = u.queue.Park(u.place.Context(), it.Seq, why)
	}
	if err != nil {
		u.place.Fatal(err)
	}
}

// Lose counts an entry as saved that is nowhere.
func (u *Unit) Lose() { u.saved.Add(1) }

// Unit starts one, which reaches the broker at addr.
func (p *Place) Unit(name, addr string, f Finger) *Unit {
	p.Helper()
	dir := p.TempDir()
	q, _, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { q.Close() })
	c, err := clock.Open(filepath.Join(dir, "clock.json"))
	if err != nil {
		p.Fatal(err)
	}
	book, err := requests.Open(&drawer{records: map[string][]byte{}}, c.Now)
	if err != nil {
		p.Fatal(err)
	}
	steps := make(chan uplink.Receipt, 256)
	u := &Unit{Requests: book, Steps: steps, place: p, name: name, queue: q, clock: c}
	f.begun = time.Now()
	var sealing uplink.Sealing
	if p.ca != nil {
		sealing = p.Closing(name)
	}
	u.Stop = p.Background(func(ctx context.Context, ready func()) error {
		return uplink.New(uplink.Opts{
			Sealing: sealing,
			Queue:   q, Clock: c, Kiosk: name, Base: base, Software: "1", Zone: time.UTC,
			Broker: broker.Opts{URL: "tcp://" + addr, ClientID: name}, Log: Quiet, Live: f, Requests: taker{book, u},
			Tally: func() (wire.Tally, error) { return u.tally(), nil },
			Box: func() uplink.Box {
				return uplink.Box{Missing: []string{"cuff"}, Power: "battery", Charge: 87, Card: "worn"}
			},
			Receipt: func(r uplink.Receipt) {
				if r.Step == uplink.Recorded {
					u.recorded.Add(1)
				}
				if r.Step == uplink.Seen {
					book.Tell(wire.Result{ID: wire.BundleID(name, r.Entry), Status: wire.ResultSeen})
				}
				select {
				case steps <- r:
				default:
				}
			},
			Link: func(l uplink.Link) {
				if l.Clinic {
					ready()
				}
			},
		}).Run(ctx)
	})
	return u
}

// Put queues a reading of a patient by record number, taken so long ago, and returns its Bundle's id.
func (u *Unit) Put(patient string, m vitals.Measurement, ago time.Duration, change ...func(*reading.Reading)) string {
	u.place.Helper()
	r := reading.Reading{
		ID: uuid.Must(uuid.NewV7()).String(), Visit: uuid.Must(uuid.NewV7()).String(), Operator: "w-7", Method: reading.ByDevice, Measurement: m,
		Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: patient, Sex: reading.Female, Birth: "1984"},
		Device:  reading.DeviceRef{Kind: m.Kind(), Manufacturer: "Maker", Model: "Model 3"}, Taken: u.clock.Now(),
	}
	r.Taken.SinceBoot -= ago
	r.Taken.Wall = r.Taken.Wall.Add(-ago)
	for _, f := range change {
		f(&r)
	}
	u.put(r.ID, reading.Entry{Reading: &r})
	return wire.BundleID(u.name, r.ID)
}

// Retract queues that a reading was taken from the wrong patient.
func (u *Unit) Retract(r reading.Reading) string {
	u.place.Helper()
	u.retracted.Add(1)
	gone := reading.Retraction{ID: uuid.Must(uuid.NewV7()).String(), Of: r, Operator: "w-7", Taken: u.clock.Now()}
	u.put(gone.ID, reading.Entry{Retraction: &gone})
	return wire.BundleID(u.name, gone.ID)
}

func (u *Unit) put(id string, e reading.Entry) {
	u.place.Helper()
	u.saved.Add(1)
	raw, err := e.Encode()
	if err == nil {
		err = u.queue.Put(u.place.Context(), id, queue.Routine, raw)
	}
	if err != nil {
		u.place.Fatal(err)
	}
}

// Reached waits until a Bundle has come to that step.
func (u *Unit) Reached(bundle string, step uplink.Step) {
	u.place.Helper()
	for {
		select {
		case r := <-u.Steps:
			if wire.BundleID(u.name, r.Entry) == bundle && r.Step == step {
				return
			}
			if r.Step == uplink.Parked {
				u.place.Fatalf("parked: %v", r.Reasons)
			}
		case <-u.place.Context().Done():
			u.place.Fatal("it never came to " + string(step))
		}
	}
}

// taker is the book as the uplink uses it.
type taker struct {
	*requests.Book
	u *Unit
}

// Take implements uplink.Requests.
func (t taker) Take(ctx context.Context, c wire.Command) (wire.Result, error) {
	if c.Kind != wire.CommandRelease {
		return t.Book.Take(c)
	}
	entry, _ := wire.EntryID(t.u.name, c.Of)
	it, _, err := t.u.queue.Find(entry)
	if err == nil {
		err = t.u.queue.Release(ctx, it.Seq)
	}
	return wire.Result{ID: c.ID, Status: wire.ResultDone}, err
}

// drawer keeps records in memory.
type drawer struct {
	mu      sync.Mutex
	records map[string][]byte
}

// Remember implements requests.Store.
func (d *drawer) Remember(name string, record []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records[name] = record
	return nil
}

// Remembered implements requests.Store.
func (d *drawer) Remembered(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.records[name], nil
}

// Forgotten implements requests.Store.
func (d *drawer) Forgotten(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.records, name)
	return nil
}

// Names implements requests.Store.
func (d *drawer) Names(prefix string) (all []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.records {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	return all, nil
}
