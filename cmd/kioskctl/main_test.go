package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/live"
	"nabz/firmware/screen"
)

var update = flag.Bool("update", false, "write the expected output anew")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"kioskctl": main}) }

// traces is where other people's captures lie, beside the checkout.
const traces = "../../../shared/traces"

// beside answers the condition [traces]: whether the captures are there.
func beside(cond string) (bool, error) {
	if cond != "traces" {
		return false, fmt.Errorf("condition %q is not known", cond)
	}
	_, err := os.Stat(traces)
	return err == nil, nil
}

// Every script finds a running kiosk at $KIOSK, one with nothing to do at $IDLE, one in trouble at $SICK, nobody at $NOBODY, and other
// people's captures in $TRACES, where they are there.
func TestScripts(t *testing.T) {
	commands := map[string]func(*testscript.TestScript, bool, []string){"bytes": writeBytes}
	params := testscript.Params{Dir: "testdata", UpdateScripts: *update, Cmds: commands, Condition: beside}
	params.Setup = func(e *testscript.Env) error {
		dir, err := filepath.Abs(traces)
		if err != nil {
			return err
		}
		e.Setenv("TRACES", dir)
		e.Setenv("GORACE", "atexit_sleep_ms=0") // else each program waits a second at its end under the race detector
		e.Setenv("KIOSK", serve(e, busy))
		e.Setenv("IDLE", serve(e, kiosk{state: screen.State{Kiosk: "bhu-2", Version: "1.2.3", Clock: screen.Clock{Source: "none"}}}))
		e.Setenv("CHANGED", serve(e, kiosk{changed: true}))
		e.Setenv("SICK", serve(e, kiosk{err: errors.New("the disk is gone")}))
		nobody, err := freeAddr()
		e.Setenv("NOBODY", "http://"+nobody)
		return err
	}
	testscript.Run(t, params)
}

// writeBytes makes a file of what its digits stand for: bytes FILE 01 e0 85.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: bytes file digits...")
	}
	b, err := hex.DecodeString(strings.Join(args[1:], ""))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

func serve(e *testscript.Env, k kiosk) string {
	s := httptest.NewServer(screen.Handler(k, slog.New(slog.DiscardHandler)))
	e.Defer(s.Close)
	return s.URL
}

// freeAddr is a loopback address at which nobody listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// kiosk is the part of a running kiosk that kioskctl asks.
type kiosk struct {
	screen.Backend
	state screen.State
	items map[string][]screen.Item
	err   error

	changed bool // somebody has written in the audit
}

// Audit is of a sign-in and a reading.
func (k kiosk) Audit(w io.Writer) error {
	var b bytes.Buffer
	dir, err := os.MkdirTemp("", "audit-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a test's
	l, err := audit.OpenLog(filepath.Join(dir, "audit.log"), func() clock.Stamp { return clock.Stamp{Wall: put} })
	if err != nil {
		return err
	}
	err = l.Note(audit.Entry{Who: "w-7", Did: audit.SignIn, OK: true}, audit.Entry{Who: "w-7", Did: audit.Stored, What: "r", OK: true})
	if _, copied := l.WriteTo(&b); err == nil {
		err = errors.Join(copied, l.Close())
	}
	text := b.String()
	if k.changed {
		text = strings.Replace(text, "w-7", "w-8", 1)
	}
	_, sent := io.WriteString(w, text)
	return errors.Join(err, sent)
}

// Remembered is the session of a screen that nobody has touched.
func (kiosk) Remembered() ([]byte, error) { return nil, nil }

// Evidence is kept of one reading.
func (k kiosk) Evidence(entry string) ([]byte, error) {
	if entry != "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01" {
		return nil, fmt.Errorf("%w: it is too old", screen.ErrNone)
	}
	return []byte("# contec, /dev/ttyUSB0\n> 7D 81 A1 80 80 80 80 80 80\n< 01 E0 85 B3 CA C8 E1 FF FF\n< 01 E0 85 B3 CA C8 E1 FF FF\n"), nil
}

var put = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

var busy = kiosk{
	state: screen.State{
		Kiosk: "bhu-1", Version: "1.2.3", Practice: true,
		Devices: []live.Device{
			{Name: "oximeter", State: "connected"},
			{Name: "cuff", State: "missing", Why: "open /dev/ttyAMA0: no such port: plug the device in"},
		},
		Link:  screen.Link{Broker: true, Why: "no clinic answers"},
		Queue: screen.Queue{Waiting: 2, Urgent: 1, Parked: 1, Delivered: 7, Oldest: put, Bytes: 12_345},
		Clock: screen.Clock{Source: "ntp", Uncertainty: "20ms"},
	},
	items: map[string][]screen.Item{
		"waiting": {
			{Seq: 18, ID: "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d02", Lane: "urgent", Put: put, Sent: true},
			{Seq: 19, ID: "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d03", Lane: "routine", Put: put.Add(time.Minute)},
		},
		"parked": {
			{Seq: 17, ID: "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01", Lane: "routine", Put: put, Sent: true, Parked: "rule vs-2"},
		},
		"delivered": {{Seq: 3, ID: "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c0003", Lane: "routine", Put: put, Sent: true}},
	},
}

func (k kiosk) State() (screen.State, error) { return k.state, k.err }

func (k kiosk) Items(state string, _ int) ([]screen.Item, error) { return k.items[state], k.err }

func (k kiosk) Release(_ context.Context, seq uint64) error {
	for _, it := range k.items["parked"] {
		if it.Seq == seq {
			return nil
		}
	}
	return errors.New("no such item is parked")
}
