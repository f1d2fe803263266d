package intake

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/bus"
	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/wire"
)

// brokers are the two that everything must work with.
var brokers = map[string]func(*testing.T) string{"embedded": embedded, "mosquitto": mosquitto}

func embedded(t *testing.T) string {
	b, err := bus.Start(t.TempDir(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return "tcp://" + b.Addr()
}

func mosquitto(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\npersistence false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: apt-get install mosquitto", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return "tcp://" + addr
		}
		if t.Context().Err() != nil {
			t.Fatal("mosquitto does not listen")
		}
	}
}

// clinic is an intake with its stores in a folder.
type clinic struct {
	dir    string
	url    string
	stop   context.CancelFunc
	ended  chan error
	ledger *ledger.Ledger
	intake *Intake
}

// open starts a clinic in dir, with the record folder or with the given record.
func open(t *testing.T, url, dir string, practice bool, record ehr.Record) *clinic {
	t.Helper()
	l, err := ledger.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	if record == nil {
		if record, err = ehr.OpenFolder(filepath.Join(dir, "record")); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &clinic{dir: dir, url: url, stop: cancel, ended: make(chan error, 1), ledger: l}
	in := New(Opts{
		Name: "clinic-1", Base: fhirtest.Base, Practice: practice, Broker: broker.Opts{URL: url}, Ledger: l, Record: record,
		Log: slog.New(slog.DiscardHandler),
	})
	c.intake = in
	ready := make(chan struct{})
	go func() { c.ended <- errors.Join(in.Run(ctx, func() { close(ready) }), record.Close(), l.Close()) }()
	t.Cleanup(func() { c.close(t) })
	<-ready
	return c
}

func (c *clinic) close(t *testing.T) {
	t.Helper()
	if c.stop == nil {
		return
	}
	c.stop()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
	c.stop = nil
}

// lines are what the record folder has.
func (c *clinic) lines(t *testing.T) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "record", "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			all = append(all, bytes.TrimRight(line, "\n"))
		}
	}
	return all
}

// kiosk is the other end, as far as the clinic sees it.
type kiosk struct {
	name, root string
	conn       *broker.Conn
	acks       chan wire.Ack
	hellos     chan wire.HelloReply
	commands   chan wire.Command
}

func dial(t *testing.T, url, root, name string) *kiosk {
	t.Helper()
	c, err := broker.Connect(t.Context(), broker.Opts{URL: url, ClientID: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	k := &kiosk{name: name, root: root, conn: c, acks: make(chan wire.Ack, 16), hellos: make(chan wire.HelloReply, 4), commands: make(chan wire.Command, 16)}
	if err := c.Subscribe(t.Context(), wire.Topic(root, name, "down/+"), 0, k.receive); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kiosk) receive(m broker.Message) {
	switch {
	case strings.HasSuffix(m.Topic, wire.DownAck):
		if a, err := wire.ParseAck(m.Payload); err == nil {
			k.acks <- a
		}
	case strings.HasSuffix(m.Topic, wire.DownCmd):
		if c, err := wire.ParseCommand(m.Payload); err == nil {
			k.commands <- c
		}
	case strings.HasSuffix(m.Topic, wire.DownHello):
		if h, err := wire.Parse[wire.HelloReply](m.Payload); err == nil {
			k.hellos <- h
		}
	}
}

func (k *kiosk) publish(t *testing.T, part string, payload []byte) {
	t.Helper()
	if err := k.conn.Publish(t.Context(), broker.Message{Topic: wire.Topic(k.root, k.name, part), QoS: 1, Payload: payload}); err != nil {
		t.Fatal(err)
	}
}

// send publishes a Bundle and returns its receipt.
func (k *kiosk) send(t *testing.T, bundle []byte) wire.Ack {
	t.Helper()
	k.publish(t, wire.UpObs, bundle)
	return <-k.acks
}

func TestReceipts(t *testing.T) {
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			c := open(t, start(t), t.TempDir(), false, nil)
			k := dial(t, c.url, wire.LiveRoot, "bhu-1")
			id, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
			if a := k.send(t, bundle); a.ID != id || a.Status != wire.Stored || a.By != "clinic-1" || len(a.Loc) != 1 {
				t.Errorf("first: %+v", a)
			}
			if a := k.send(t, wire.Pack(bundle, true)); a.ID != id || a.Status != wire.Duplicate {
				t.Errorf("again, compressed: %+v", a)
			}
			_, foreign := fhirtest.Bundle(t, "bhu-1-2", fhirtest.Oximetry, false)
			k.publish(t, wire.UpObs, foreign) // another kiosk's: not answered
			_, practice := fhirtest.Bundle(t, "bhu-1", fhirtest.Oximetry, true)
			if a := k.send(t, practice); a.Status != wire.Rejected || len(a.Reason) == 0 {
				t.Errorf("practice on the live root: %+v", a)
			}
			_, broken := fhirtest.Bundle(t, "bhu-1", fhirtest.Oximetry, false)
			broken = bytes.Replace(broken, []byte(`"code":"%"`), []byte(`"code":"C"`), 1)
			if a := k.send(t, broken); a.Status != wire.Rejected {
				t.Errorf("a broken profile: %+v", a)
			}
			k.publish(t, wire.UpObs, []byte("neither JSON nor zstd"))
			id2, both := fhirtest.Bundle(t, "bhu-1", fhirtest.Temperature, false)
			if a := k.send(t, append(append(bytes.Clone(bundle), '\n'), both...)); a.Status != wire.Duplicate {
				t.Errorf("two in one publish, the first: %+v", a)
			}
			if a := <-k.acks; a.ID != id2 || a.Status != wire.Stored {
				t.Errorf("two in one publish, the second: %+v", a)
			}
			if lines := c.lines(t); len(lines) != 2 || !bytes.Equal(lines[0], bundle) {
				t.Errorf("%d lines in the record, want the two good Bundles as they came", len(lines))
			}
		})
	}
}

func TestPracticeTakesNothingElse(t *testing.T) {
	c := open(t, embedded(t), t.TempDir(), true, nil)
	k := dial(t, c.url, wire.PracticeRoot, "bhu-1")
	_, live := fhirtest.Bundle(t, "bhu-1", fhirtest.Oximetry, false)
	if a := k.send(t, live); a.Status != wire.Rejected {
		t.Errorf("a live Bundle on the practice root: %+v", a)
	}
	_, practice := fhirtest.Bundle(t, "bhu-1", fhirtest.Oximetry, true)
	if a := k.send(t, practice); a.Status != wire.Stored {
		t.Errorf("a practice Bundle: %+v", a)
	}
}

func TestHello(t *testing.T) {
	c := open(t, embedded(t), t.TempDir(), false, nil)
	k := dial(t, c.url, wire.LiveRoot, "bhu-1")
	k.publish(t, wire.UpHello, wire.Encode(wire.Hello{Nonce: "n-1"}))
	if h := <-k.hellos; h.Nonce != "n-1" || h.Now.Year() < 2020 {
		t.Errorf("answered %+v", h)
	}
}

// The same id with other bytes: the first stays, whatever comes later.
func TestSameIDOtherBytes(t *testing.T) {
	c := open(t, embedded(t), t.TempDir(), false, nil)
	k := dial(t, c.url, wire.LiveRoot, "bhu-1")
	_, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
	k.send(t, bundle)
	if a := k.send(t, bytes.Replace(bundle, []byte("137"), []byte("138"), 1)); a.Status != wire.Duplicate {
		t.Errorf("%+v", a)
	}
	if lines := c.lines(t); len(lines) != 1 || !bytes.Equal(lines[0], bundle) {
		t.Errorf("%d lines", len(lines))
	}
}

// A crash between record and ledger, or a lost ledger: the record knows, and the answer is duplicate.
func TestLedgerIsRebuilt(t *testing.T) {
	url, dir := embedded(t), t.TempDir()
	c := open(t, url, dir, false, nil)
	k := dial(t, url, wire.LiveRoot, "bhu-1")
	id, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
	k.send(t, bundle)
	c.close(t)
	if err := os.RemoveAll(filepath.Join(dir, "ledger")); err != nil {
		t.Fatal(err)
	}
	c = open(t, url, dir, false, nil)
	if a := k.send(t, bundle); a.ID != id || a.Status != wire.Duplicate {
		t.Errorf("%+v", a)
	}
	if n := len(c.lines(t)); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// failing is a record that fails some times before it takes anything.
type failing struct {
	err   error
	times atomic.Int32
}

func (f *failing) Store(context.Context, string, []byte, fhir.Summary) ([]string, bool, error) {
	if f.times.Add(-1) >= 0 {
		return nil, false, f.err
	}
	return []string{"Observation/1"}, false, nil
}

func (*failing) Describe(context.Context) (software, version string, err error) { return "", "", nil }

func (*failing) Each(func(string, []byte, []string) error) error { return nil }
func (*failing) Close() error                                    { return nil }
func (*failing) History(context.Context, fhir.Identifier, int) ([][]byte, bool, error) {
	return nil, false, nil
}

func TestRecordThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want wire.Status
	}{
		"later":   {errors.New("the FHIR server does not answer"), wire.Retry},
		"alarm":   {ehr.Alarm{}, wire.Retry},
		"refused": {&ehr.Refusal{Reasons: []string{"invariant"}}, wire.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "alarm" {
				c.err = alarm()
			}
			f := &failing{err: c.err}
			f.times.Store(1)
			site := open(t, embedded(t), t.TempDir(), false, f)
			k := dial(t, site.url, wire.LiveRoot, "bhu-1")
			_, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
			if a := k.send(t, bundle); a.Status != c.want || len(a.Reason) == 0 {
				t.Errorf("while it fails: %+v", a)
			}
			if a := k.send(t, bundle); a.Status != wire.Stored {
				t.Errorf("afterwards: %+v", a)
			}
		})
	}
}

// alarm is an error that needs an operator, as the FHIR back end gives it for a wrong address.
func alarm() error {
	_, _, err := ehr.OpenServer("://").Store(context.Background(), "id", nil, fhir.Summary{})
	return err
}

// What a kiosk could not be told waits for it.
func TestKeptReceiptIsToldWhenTheKioskIsBack(t *testing.T) {
	url, dir := embedded(t), t.TempDir()
	c := open(t, url, dir, false, nil)
	kept := wire.Ack{ID: "bhu-1-x", Status: wire.Stored, By: "clinic-1", Now: time.Now()}
	if err := c.ledger.Keep("bhu-1", wire.Encode(kept)); err != nil {
		t.Fatal(err)
	}
	k := dial(t, url, wire.LiveRoot, "bhu-1")
	k.publish(t, wire.StateTopic, wire.Encode(wire.State{St: wire.Online, Session: "s"}))
	if a := <-k.acks; a.ID != kept.ID || a.Status != wire.Stored {
		t.Errorf("told %+v", a)
	}
	k.publish(t, wire.UpHello, wire.Encode(wire.Hello{Nonce: "n"}))
	<-k.hellos // one kiosk's messages are handled in order, so the telling is noted by now
	c.close(t)
	l, err := ledger.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if left, err := l.Kept("bhu-1"); err != nil || len(left) != 0 {
		t.Errorf("still kept: %d, %v", len(left), err)
	}
}

func TestClinicState(t *testing.T) {
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			url := start(t)
			watcher, err := broker.Connect(t.Context(), broker.Opts{URL: url, ClientID: "watcher"})
			if err != nil {
				t.Fatal(err)
			}
			defer watcher.Close()
			states := make(chan string, 8)
			err = watcher.Subscribe(t.Context(), wire.ClinicTopic(wire.LiveRoot, "+"), 1, func(m broker.Message) {
				if s, err := wire.Parse[wire.ClinicState](m.Payload); err == nil {
					states <- s.St
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			c := open(t, url, t.TempDir(), false, nil)
			if s := <-states; s != wire.Online {
				t.Errorf("at the start: %s", s)
			}
			c.close(t)
			if s := <-states; s != wire.Offline {
				t.Errorf("at the end: %s", s)
			}
		})
	}
}

func openRecord(t *testing.T, dir string) ehr.Record {
	t.Helper()
	record, err := ehr.OpenFolder(filepath.Join(dir, "record"))
	if err != nil {
		t.Fatal(err)
	}
	return record
}
