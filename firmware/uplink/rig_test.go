package uplink

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
	"nabz/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should come at once, so that a broken test ends.
const patience = 30 * time.Second

// never is a time that no test lasts.
const never = time.Hour

// patient must not be found in any log line.
const patient = "mrn-of-nobody"

// rig is a kiosk's uplink with real stores, against a real broker and a scripted clinic.
type rig struct {
	t        testing.TB
	opts     Opts
	broker   *mosquitto
	clinic   *clinic
	receipts chan Receipt
	links    chan Link
	log      *logged
}

func newRig(t *testing.T) *rig { return newRigWith(t, access) }

func newRigWith(t *testing.T, acl string, extra ...string) *rig {
	t.Helper()
	t.Parallel()
	q, _, err := queue.Open(filepath.Join(t.TempDir(), "queue"), queue.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	k, err := clock.Open(filepath.Join(t.TempDir(), "clock.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, broker: startBroker(t, acl, extra...), receipts: make(chan Receipt, 4096), links: make(chan Link, 4096), log: &logged{}}
	r.clinic = newClinic(t, r.broker)
	r.opts = Opts{
		Queue: q, Clock: k, Kiosk: kiosk, Base: "https://nabz.example/fhir", Software: "1.2.3", Zone: time.FixedZone("", 5*3600),
		Broker: r.broker.opts(kiosk, password), Silence: never, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		Receipt: func(x Receipt) { r.receipts <- x }, Link: func(l Link) { r.links <- l },
	}
	t.Cleanup(func() { r.log.holds(t, "link") })
	return r
}

// run starts an uplink; stop ends it and waits. The test's end stops it too.
func (r *rig) run() (stop func() error) { return r.start(New(r.opts)) }

func (r *rig) start(u *Uplink) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- u.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	r.t.Cleanup(func() {
		if err := stop(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, queue.ErrClosed) {
			r.t.Errorf("uplink ended with %v", err)
		}
	})
	return stop
}

// put queues a reading as the exam does and returns its id.
func (r *rig) put(lane queue.Lane, change ...func(*reading.Reading)) string {
	r.t.Helper()
	e := reading.Reading{
		ID: uuid.Must(uuid.NewV7()).String(), Visit: uuid.Must(uuid.NewV7()).String(), Operator: "w-7", Method: reading.ByDevice,
		Patient:     reading.PatientRef{Type: reading.MedicalRecord, Value: patient},
		Device:      reading.DeviceRef{Kind: vitals.KindOximetry, Manufacturer: "Contec", Model: "CMS50D+"},
		Measurement: vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(61))},
		Window:      10 * time.Second, Taken: r.opts.Clock.Now(),
	}
	for _, f := range change {
		f(&e)
	}
	raw, err := reading.Entry{Reading: &e}.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	r.putRaw(e.ID, lane, raw)
	return e.ID
}

func (r *rig) putRaw(id string, lane queue.Lane, raw []byte) {
	r.t.Helper()
	if err := r.opts.Queue.Put(context.Background(), id, lane, raw); err != nil {
		r.t.Fatal(err)
	}
}

// await returns the receipt of that step for the entry, passing over others.
func (r *rig) await(entry string, step Step) Receipt {
	r.t.Helper()
	return until(r.t, r.receipts, func(x Receipt) bool { return x.Entry == entry && x.Step == step })
}

func (r *rig) link(is func(Link) bool) Link {
	r.t.Helper()
	return until(r.t, r.links, is)
}

// stands says where an entry stands in the queue.
func (r *rig) stands(entry string) queue.State {
	r.t.Helper()
	_, st, err := r.opts.Queue.Find(entry)
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

func (r *rig) mustStand(entry string, want queue.State) {
	r.t.Helper()
	if got := r.stands(entry); got != want {
		r.t.Errorf("the entry is %s, want %s", got, want)
	}
}

// expect returns the next of c.
func expect[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	return until(t, c, func(T) bool { return true })
}

// until returns the first of c that is what the test waits for.
func until[T any](t testing.TB, c <-chan T, is func(T) bool) T {
	t.Helper()
	for limit := time.After(patience); ; {
		select {
		case x := <-c:
			if is(x) {
				return x
			}
		case <-limit:
			t.Fatalf("no such %T came", *new(T))
		}
	}
}

// logged is what the uplink wrote to its log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// holds checks that the log says something, and nothing of a patient or of what the record said about one.
func (l *logged) holds(t testing.TB, something string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.Contains(l.text.String(), something) {
		t.Errorf("the log does not say %q:\n%s", something, &l.text)
	}
	for _, secret := range []string{patient, password, "because of a rule"} {
		if strings.Contains(l.text.String(), secret) {
			t.Errorf("the log says %q:\n%s", secret, &l.text)
		}
	}
}
