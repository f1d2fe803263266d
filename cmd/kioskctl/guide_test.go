package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is a technician's: what the program has drawn so far.
type terminal struct {
	t    *testing.T
	file *os.File

	mu    sync.Mutex
	drawn bytes.Buffer
	more  chan struct{}
}

// see waits until a text stands on the terminal, and answers with keys.
func (s *terminal) see(text, keys string) {
	s.t.Helper()
	late := time.After(time.Minute)
	for {
		s.mu.Lock()
		found := strings.Contains(s.drawn.String(), text)
		if found {
			s.drawn.Reset()
		}
		s.mu.Unlock()
		if found {
			break
		}
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("%q is never asked:\n%q", text, s.drawn.String())
		}
	}
	if _, err := io.WriteString(s.file, keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *terminal) read() {
	b := make([]byte, 4096)
	for {
		n, err := s.file.Read(b)
		s.mu.Lock()
		s.drawn.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// TestGuided: a technician who knows no flag is led to the request on a stick, in a terminal.
func TestGuided(t *testing.T) {
	dir := t.TempDir()
	stick := filepath.Join(dir, "stick")
	if err := os.Mkdir(stick, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "kioskctl")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "enrol", "--identity", filepath.Join(dir, "box"))
	cmd.Env = append(os.Environ(), "TERM=xterm")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &terminal{t: t, file: file, more: make(chan struct{}, 1)}
	go s.read()
	const down, enter, clear = "\x1b[B", "\r", "\x15"
	s.see("With a stick", down+enter)
	s.see("Name of this kiosk", "bhu-1"+enter)
	s.see("Folder of the stick", clear+stick+enter)
	s.see("Where does this box stand", "BHU Chak 12"+enter)
	s.see("is on the stick", "")
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(filepath.Join(stick, "bhu-1.csr")); err != nil || !bytes.Contains(raw, []byte("CERTIFICATE REQUEST")) {
		t.Errorf("the request: %v", err)
	}
}
