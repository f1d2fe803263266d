package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nabz/firmware"
	"nabz/firmware/config"
	"nabz/firmware/exam"
	"nabz/firmware/pulse"
	"nabz/firmware/screen"
	"nabz/hwtest/stage"
)

// hangs is a task that makes no progress any more after SIGUSR1.
type hangs struct{}

func (hangs) String() string { return "the task that hangs" }

func (hangs) Run(ctx context.Context) error {
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	for t := time.NewTicker(100 * time.Millisecond); ; {
		pulse.Beat(ctx)
		select {
		case <-usr1:
			select {}
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// kioskThatHangs is kiosk run with that task beside the others.
func kioskThatHangs() {
	cfg, err := config.Load(os.Args[1])
	if err == nil {
		log := logger()
		var k *firmware.Kiosk
		if k, err = firmware.Open(cfg, version, log); err == nil {
			k.Also(func(func() time.Time) firmware.Task { return hangs{} })
			err = runUntil(context.Background(), k, cfg, log)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// systemd does what the real one does with a service of Type=notify, WatchdogSec and Restart=always (sd_notify(3), systemd.service(5)): it waits for READY,
// and ends with SIGABRT what has not said WATCHDOG for too long.
type systemd struct {
	t      *testing.T
	within time.Duration
	args   []string
	log    *os.File

	words  chan string    // what the process says
	killed chan time.Time // each time it had to
	ready  chan int       // process ids
	up     chan bool      // closed when nothing runs any more
}

func newSystemd(t *testing.T, within time.Duration, args ...string) *systemd {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &systemd{
		t: t, within: within, args: args, log: log, words: make(chan string), killed: make(chan time.Time, 16), ready: make(chan int, 16), up: make(chan bool),
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for b := make([]byte, 512); ; {
			n, err := socket.Read(b)
			if err != nil {
				return
			}
			select {
			case s.words <- string(b[:n]):
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		defer close(s.up)
		for ctx.Err() == nil {
			if err := s.life(ctx, path); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-s.up; socket.Close(); log.Close() })
	return s
}

// life is one process.
func (s *systemd) life(ctx context.Context, socket string) error {
	c := exec.Command(s.args[0], s.args[1:]...)
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, fmt.Sprintf("WATCHDOG_USEC=%d", s.within.Microseconds()))
	c.Stderr = s.log
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var hungry <-chan time.Time // once it is ready
	for {
		select {
		case <-ctx.Done():
			_ = c.Process.Kill()
			<-ended
			return nil
		case <-ended:
			return nil
		case <-hungry:
			s.killed <- time.Now()
			hungry = nil
			_ = c.Process.Signal(syscall.SIGABRT)
		case word := <-s.words:
			if strings.Contains(word, "READY=1") {
				s.ready <- c.Process.Pid
			}
			if strings.Contains(word, "READY=1") || strings.Contains(word, "WATCHDOG=1") {
				hungry = time.After(s.within)
			}
		}
	}
}

// watchedKiosk is a kiosk with that task in it as a program, and its kiosk.toml, which goes on with more.
func watchedKiosk(t *testing.T, more string) (program, toml, addr string) {
	t.Helper()
	dir := t.TempDir()
	addr, err := stage.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	program, toml = filepath.Join(dir, "kiosk-that-hangs"), filepath.Join(dir, "kiosk.toml")
	if err := (stage.Config{Name: "bhu-1", Data: dir, Screen: addr, Broker: "127.0.0.1:1", Rest: "0s", Gap: "0s"}).Write(toml); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(toml, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(more)
	self, err2 := os.Executable()
	if err := errors.Join(err, f.Close(), err2, os.Symlink(self, program)); err != nil {
		t.Fatal(err)
	}
	return program, toml, addr
}

// TestHungTask: a part that makes no progress is noticed, systemd starts the kiosk again, the visit goes on, and it stands on the screen, in the gauges and in
// the log.
func TestHungTask(t *testing.T) {
	t.Parallel()
	const hungAfter, within = 5 * time.Second, 3 * time.Second
	program, toml, addr := watchedKiosk(t, fmt.Sprintf("[watch]\nhung_after = %q\n", hungAfter))
	manager := newSystemd(t, within, program, toml)
	pid := <-manager.ready
	w := stage.NewWorker("http://" + addr)
	visit, err := w.Skip(t.Context(), "000123", exam.StepOximetry)
	if err != nil {
		t.Fatal(err)
	}
	before := state(t, w)
	if before.Trouble.Restarts != 0 || len(manager.killed) != 0 {
		t.Fatalf("before anything hung: %+v, killed %d times", before.Trouble, len(manager.killed))
	}
	hung := time.Now()
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	<-manager.killed
	if again := <-manager.ready; again == pid {
		t.Errorf("process %d is ready again", again)
	}
	t.Logf("hung after %s, systemd waits %s: on its feet again in %s", hungAfter, within, time.Since(hung).Round(100*time.Millisecond))
	after := state(t, w)
	if after.Visit == nil || after.Visit.ID != visit || after.Visit.Step != before.Visit.Step {
		t.Errorf("the visit is %+v", after.Visit)
	}
	if tr := after.Trouble; tr.Restarts != 1 || tr.Last != "hung the task that hangs" || tr.Looping {
		t.Errorf("the screen has %+v", tr)
	}
	if m := get(t, "http://"+addr+"/metrics"); !strings.Contains(m, "\nnabz_restarts 1\n") {
		t.Errorf("the gauges have no restart:\n%s", m)
	}
	if log, err := os.ReadFile(manager.log.Name()); err != nil || !strings.Contains(string(log), "the task that hangs") {
		t.Errorf("the log does not say what hung: %v\n%s", err, log)
	}
}

// TestRestartingAgainAndAgain: a kiosk that is killed three times within minutes says so.
func TestRestartingAgainAndAgain(t *testing.T) {
	t.Parallel()
	program, toml, addr := watchedKiosk(t, "")
	manager := newSystemd(t, time.Minute, program, toml)
	w := stage.NewWorker("http://" + addr)
	for n := range 4 {
		pid := <-manager.ready
		if s := state(t, w); s.Trouble.Restarts != n || s.Trouble.Looping != (n == 3) {
			t.Errorf("after %d kills: %+v", n, s.Trouble)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

func state(t *testing.T, w *stage.Worker) screen.State {
	t.Helper()
	s, err := w.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(bufio.NewReader(answer.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
