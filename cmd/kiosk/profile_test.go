package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nabz/firmware/exam"
	"nabz/hwtest/stage"
	"nabz/provisioning/authority"
)

// logged is a log that a test reads while the kiosk writes it.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.all.String(), text)
}

// TestSiteProfile: a profile on a stick changes what the kiosk measures without a restart of the process, never during a visit, and never touches what waits; one with which the
// kiosk does not even open is taken back.
func TestSiteProfile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(authority.Create(at("hq"), "Test", "synthetic horse staple", 10))
	ca, err := authority.Open(at("hq"), "synthetic horse staple")
	must(err)
	t.Cleanup(func() { ca.Close() })
	key, err := authority.NewKey()
	must(err)
	csr, err := authority.RequestOf(key, "bhu-1")
	must(err)
	cert, err := ca.Issue(authority.Request{Kind: authority.Kiosk, Name: "bhu-1", CSR: csr, Life: 24 * time.Hour})
	must(err)
	for _, d := range []string{"identity", "sticks", "sticks/usb"} {
		must(os.Mkdir(at(d), 0o700))
	}
	addr, err := stage.FreeAddr()
	must(err)
	for name, text := range map[string]string{
		"identity/kiosk.key": string(key), "identity/kiosk.crt": string(authority.Chain(cert)), "identity/ca.crt": string(ca.Trusted()),
		"identity/enrolment.json": `{"name":"bhu-1"}`,
		"kiosk.toml": fmt.Sprintf("identity = %q\ndata = %q\n[screen]\nlisten = %q\n[staff]\nexport = %q\n[broker]\nurl = \"ssl://127.0.0.1:1\"\n[queue]\nquota_mb = 64\n",
			at("identity"), at("data"), addr, at("sticks")),
	} {
		must(os.WriteFile(at(name), []byte(text), 0o600))
	}
	stick := func(version int, text string) {
		t.Helper()
		raw, err := ca.Sign(fmt.Appendf(nil, "[profile]\nkiosks = [\"bhu-1\"]\nversion = %d\n%s", version, text))
		must(err)
		must(os.WriteFile(at("sticks/usb/bhu-1.profile"), raw, 0o600))
	}

	var log logged
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- runCmd{Config: at("kiosk.toml")}.lives(ctx, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w := stage.NewWorker("http://" + addr)
	until := func(version uint64, waiting int) {
		t.Helper()
		began := time.Now()
		for t.Context().Err() == nil {
			s, err := w.State(t.Context())
			if err == nil && s.Identity.Profile == version && s.Queue.Waiting == waiting {
				return
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("%+v %v\n%s", s, err, log.all.String())
			}
			stage.Wait(t.Context(), 50*time.Millisecond)
		}
	}
	until(0, 0)
	must(w.ByHand(t.Context(), "123"))
	until(0, 3)
	stick(1, "[exam]\norder = [\"temperature\"]\n")
	until(1, 3)
	visit, err := w.Skip(t.Context(), "124", exam.StepTemperature) // nothing is skipped: it comes first
	must(err)
	stick(2, "[broker]\nseal_to = [\"no key\"]\n")
	for !log.has("version=2") && t.Context().Err() == nil {
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	s, err := w.State(t.Context())
	if err != nil || s.Visit == nil || s.Visit.ID != visit || s.Visit.Step != exam.StepTemperature || s.Queue.Waiting != 3 {
		t.Fatalf("the visit was not left alone: %+v, %v", s.Visit, err)
	}
	must(w.End(t.Context(), visit))
	for !log.has("does not open") && t.Context().Err() == nil {
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	until(1, 4) // what was not measured is said too, and waits with the others
	if s, err := w.State(t.Context()); err != nil || s.Identity.Refused != 2 {
		t.Errorf("%+v, %v", s.Identity, err)
	}
}
