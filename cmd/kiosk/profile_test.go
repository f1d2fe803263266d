package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
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

// box is one that was enrolled, without a link and without devices.
type box struct {
	*testing.T
	dir, addr string
	ca        *authority.Authority
}

func (b *box) at(name string) string { return filepath.Join(b.dir, name) }

func (b *box) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{T: t, dir: t.TempDir()}
	b.must(authority.Create(b.at("hq"), "Test", "synthetic horse staple", 10))
	var err error
	b.ca, err = authority.Open(b.at("hq"), "synthetic horse staple")
	b.must(err)
	t.Cleanup(func() { b.ca.Close() })
	key, err := authority.NewKey()
	b.must(err)
	csr, err := authority.RequestOf(key, "bhu-1")
	b.must(err)
	cert, err := b.ca.Issue(authority.Request{Kind: authority.Kiosk, Name: "bhu-1", CSR: csr, Life: 24 * time.Hour})
	b.must(err)
	for _, d := range []string{"identity", "sticks", "sticks/usb"} {
		b.must(os.Mkdir(b.at(d), 0o700))
	}
	b.addr, err = stage.FreeAddr()
	b.must(err)
	for name, text := range map[string]string{
		"identity/kiosk.key": string(key), "identity/kiosk.crt": string(authority.Chain(cert)), "identity/ca.crt": string(b.ca.Trusted()),
		"identity/enrolment.json": `{"name":"bhu-1"}`,
		"kiosk.toml": fmt.Sprintf("identity = %q\ndata = %q\n[screen]\nlisten = %q\n[staff]\nexport = %q\n[broker]\nurl = \"ssl://127.0.0.1:1\"\n[queue]\nquota_mb = 64\n",
			b.at("identity"), b.at("data"), b.addr, b.at("sticks")),
	} {
		b.must(os.WriteFile(b.at(name), []byte(text), 0o600))
	}
	return b
}

// stick is put in with a profile.
func (b *box) stick(version int, text string) {
	b.Helper()
	raw, err := b.ca.Sign(fmt.Appendf(nil, "[profile]\nkiosks = [\"bhu-1\"]\nversion = %d\n%s", version, text))
	b.must(err)
	b.must(os.WriteFile(b.at("sticks/usb/bhu-1.profile"), raw, 0o600))
}

// TestSiteProfile: a profile on a stick changes what the kiosk measures without a restart of the process, never during a visit, and never touches what waits; one with which the
// kiosk does not even open is taken back.
func TestSiteProfile(t *testing.T) {
	b := newBox(t)
	var log logged
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- runCmd{Config: b.at("kiosk.toml")}.lives(ctx, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w := stage.NewWorker("http://" + b.addr)
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
	b.must(w.ByHand(t.Context(), "123"))
	until(0, 3)
	b.stick(1, "[exam]\norder = [\"temperature\"]\n")
	until(1, 3)
	visit, err := w.Skip(t.Context(), "124", exam.StepTemperature) // nothing is skipped: it comes first
	b.must(err)
	b.stick(2, "[broker]\nseal_to = [\"no key\"]\n")
	for !log.has("version=2") && t.Context().Err() == nil {
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	s, err := w.State(t.Context())
	if err != nil || s.Visit == nil || s.Visit.ID != visit || s.Visit.Step != exam.StepTemperature || s.Queue.Waiting != 3 {
		t.Fatalf("the visit was not left alone: %+v, %v", s.Visit, err)
	}
	b.must(w.End(t.Context(), visit))
	for !log.has("does not open") && t.Context().Err() == nil {
		stage.Wait(t.Context(), 50*time.Millisecond)
	}
	until(1, 4) // what was not measured is said too, and waits with the others
	if s, err := w.State(t.Context()); err != nil || s.Identity.Refused != 2 {
		t.Errorf("%+v, %v", s.Identity, err)
	}
}

// TestProfileKilled: a kiosk that is killed again and again while a profile comes and is tried runs afterwards, on the old profile or the new one, as who it was, with all that waits.
func TestProfileKilled(t *testing.T) {
	b := newBox(t)
	begin := func() *exec.Cmd {
		t.Helper()
		cmd := exec.Command("kiosk", "run", "--config", b.at("kiosk.toml"))
		out, err := cmd.StdoutPipe()
		b.must(err)
		b.must(cmd.Start())
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("the kiosk does not start: %v", err)
		}
		return cmd
	}
	cmd := begin()
	w := stage.NewWorker("http://" + b.addr)
	b.must(w.ByHand(t.Context(), "123"))
	b.stick(1, "[exam]\norder = [\"temperature\"]\n")
	for n := range 6 {
		stage.Wait(t.Context(), time.Duration(n)*350*time.Millisecond) // from before it is looked for to after it is tried
		b.must(cmd.Process.Kill())
		_ = cmd.Wait()
		cmd = begin()
		if s, err := w.State(t.Context()); err != nil || s.Queue.Waiting != 3 || s.Kiosk != "bhu-1" || s.Identity.Until.IsZero() || s.Identity.Profile > 1 {
			t.Fatalf("after cut %d: %+v, %v", n, s.Identity, err)
		}
	}
	b.must(cmd.Process.Signal(os.Interrupt))
	b.must(cmd.Wait())
}
