package main

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/bus"
	"nabz/firmware/broker"
	"nabz/firmware/fhir"
	"nabz/firmware/fhir/fhirtest"
	"nabz/firmware/wire"
)

func TestMain(m *testing.M) {
	if os.Getenv("CLINIC_TEST_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// child starts this program as a clinic and returns when it is ready.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "ready: ") {
		t.Fatalf("said %q (%v): %s", line, err, stderr.String())
	}
	return cmd
}

// TestKilled kills the clinic again and again while a kiosk sends and sends again until each Bundle is receipted. Every Bundle must then
// stand in the record exactly once.
func TestKilled(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	b, err := bus.Start(t.TempDir(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	dir := t.TempDir()
	args := []string{"serve", "--data", dir, "--broker", "tcp://" + b.Addr()}
	s := dial(t, "tcp://"+b.Addr())
	var ids []string
	clinic := child(t, args...)
	for range 8 {
		for range 1 + rng.IntN(6) {
			id, bundle := fhirtest.Bundle(t, "bhu-1", fhirtest.BloodPressure, false)
			ids = append(ids, id)
			s.publish(t, bundle)
			s.waiting[id] = bundle
		}
		s.collect(rng.IntN(3)) // some are answered before the kill, some are not
		clinic.Process.Kill()
		clinic.Wait()
		clinic = child(t, args...)
		for _, bundle := range s.waiting {
			s.publish(t, bundle)
		}
	}
	s.collect(len(s.waiting))
	clinic.Process.Signal(os.Interrupt)
	if err := clinic.Wait(); err != nil {
		t.Errorf("seed %d: the clinic did not stop in good order: %v", seed, err)
	}
	n := lines(t, dir)
	for _, id := range ids {
		if n[id] != 1 {
			t.Errorf("seed %d: %s stands %d times in the record", seed, id, n[id])
		}
	}
	if len(n) != len(ids) {
		t.Errorf("seed %d: %d Bundles in the record, %d were sent", seed, len(n), len(ids))
	}
}

// sender is a kiosk that keeps what is not receipted.
type sender struct {
	conn    *broker.Conn
	acks    chan wire.Ack
	waiting map[string][]byte
}

func dial(t *testing.T, url string) *sender {
	t.Helper()
	c, err := broker.Connect(t.Context(), broker.Opts{URL: url, ClientID: "bhu-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &sender{conn: c, acks: make(chan wire.Ack, 256), waiting: map[string][]byte{}}
	err = c.Subscribe(t.Context(), wire.Topic(wire.LiveRoot, "bhu-1", "down/+"), 0, func(m broker.Message) {
		if a, err := wire.ParseAck(m.Payload); err == nil {
			s.acks <- a
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sender) publish(t *testing.T, bundle []byte) {
	t.Helper()
	m := broker.Message{Topic: wire.Topic(wire.LiveRoot, "bhu-1", wire.UpObs), QoS: 1, Payload: bundle}
	if err := s.conn.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// collect waits for receipts of so many different Bundles.
func (s *sender) collect(n int) {
	for n > 0 && len(s.waiting) > 0 {
		a := <-s.acks
		if _, ok := s.waiting[a.ID]; ok && (a.Status == wire.Stored || a.Status == wire.Duplicate) {
			delete(s.waiting, a.ID)
			n--
		}
	}
}

func lines(t *testing.T, dir string) map[string]int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "record", "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			sum, err := fhir.Check(bytes.TrimSpace(line), fhirtest.Base, false)
			if err != nil {
				t.Fatal(err)
			}
			n[sum.ID]++
		}
	}
	return n
}

func TestRefusals(t *testing.T) {
	accounts, _ := account(t, "doctor-12", "--kiosks", "layyah-*")
	cases := map[string]struct {
		args []string
		want string
	}{
		"no data":           {[]string{"serve"}, "missing flags: --data"},
		"bad name":          {[]string{"serve", "--data", t.TempDir(), "--name", "Clinic 1"}, "use 1 to 40 of a-z"},
		"pages for nobody":  {[]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--ward", "127.0.0.1:0"}, "--accounts"},
		"pages in the open": {[]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--ward", "0.0.0.0:0", "--accounts", accounts}, "needs --tls-cert"},
		"no password":       {[]string{"account", "doctor-12", "--kiosks", "*"}, "no password on standard input"},
		"open to everyone":  {[]string{"serve", "--data", t.TempDir(), "--listen", "0.0.0.0:1883"}, "loopback only"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], c.args...)
			cmd.Env = append(os.Environ(), "CLINIC_TEST_CHILD=1")
			timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }) // only against a hang
			defer timer.Stop()
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
