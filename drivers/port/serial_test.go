package port

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

var line = Line{Baud: 115200, Parity: 'N', StopBits: 1}

// newDevice returns the device's end of a pty, with deadlines, and the path of the host's end. A second open end keeps the pty alive while
// the host has closed its own.
func newDevice(t *testing.T) (*os.File, string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	raw(t, slave)
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.SetNonblock(fd, true), master.Close()); err != nil {
		t.Fatal(err)
	}
	device := os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { device.Close() })
	return device, slave.Name()
}

// raw switches off the echo, which would answer to what comes before the host opens the port.
func raw(t *testing.T, slave *os.File) {
	t.Helper()
	fd := int(slave.Fd())
	s, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	s.Iflag, s.Oflag, s.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, s); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *Serial {
	t.Helper()
	s, err := OpenSerial(Name{Path: path}, line)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newPair(t *testing.T) (device *os.File, host *Serial) {
	t.Helper()
	device, path := newDevice(t)
	return device, open(t, path)
}

// awkward is every byte that a terminal likes to treat as something else: end of file, flow control, line ends, signals.
var awkward = []byte{0x00, 0xFF, 0x03, 0x04, 0x11, 0x13, 0x0A, 0x0D, 0x7F, 0x1A, 0x1C, 0xFF, 0x00, 0x16, 0x12, 0x0F, 0x08, 0x15, 0x17}

func TestBinaryClean(t *testing.T) {
	device, host := newPair(t)
	for name, way := range map[string]struct {
		from io.Writer
		to   io.Reader
	}{"from the device": {device, host}, "to the device": {host, device}} {
		t.Run(name, func(t *testing.T) {
			if n, err := way.from.Write(awkward); n != len(awkward) || err != nil {
				t.Fatalf("wrote %d bytes: %v", n, err)
			}
			got := make([]byte, len(awkward))
			if _, err := io.ReadFull(way.to, got); err != nil || !bytes.Equal(got, awkward) {
				t.Errorf("got % X (%v), want % X", got, err, awkward)
			}
		})
	}
}

func TestShortReadsKeepTheRest(t *testing.T) {
	device, host := newPair(t)
	send(t, device, "abcdef")
	for _, want := range []string{"ab", "cd", "ef"} {
		got := make([]byte, 2)
		if _, err := io.ReadFull(host, got); string(got) != want || err != nil {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); string(got) != want || err != nil {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

func TestReadDeadline(t *testing.T) {
	device, host := newPair(t)
	for name, deadline := range map[string]time.Time{
		"ahead": time.Now().Add(20 * time.Millisecond), "now": time.Now(), "long ago": time.Unix(1, 0),
	} {
		t.Run(name, func(t *testing.T) {
			setDeadline(t, host, deadline)
			if n, err := host.Read(make([]byte, 8)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d bytes, error %v, want os.ErrDeadlineExceeded", n, err)
			}
			send(t, device, "a")
			setDeadline(t, host, time.Time{})
			receive(t, host, "a") // a time-out spoils nothing
		})
	}
}

func setDeadline(t *testing.T, s *Serial, when time.Time) {
	t.Helper()
	if err := s.SetReadDeadline(when); err != nil {
		t.Fatal(err)
	}
}

// reading starts a Read and returns where its error will come.
func reading(s *Serial) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := s.Read(make([]byte, 8))
		done <- err
	}()
	return done
}

// A deadline in the past interrupts a Read, whether that waits already or begins only now.
func TestReadIsInterrupted(t *testing.T) {
	_, host := newPair(t)
	for range 50 {
		setDeadline(t, host, time.Time{})
		done := reading(host)
		setDeadline(t, host, time.Unix(1, 0))
		if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("error %v, want os.ErrDeadlineExceeded", err)
		}
	}
}

func TestDeadlineIsMovedWhileReading(t *testing.T) {
	_, host := newPair(t)
	setDeadline(t, host, time.Now().Add(time.Hour))
	done := reading(host)
	setDeadline(t, host, time.Now().Add(20*time.Millisecond))
	if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want os.ErrDeadlineExceeded", err)
	}
}

func TestWriteDeadline(t *testing.T) {
	device, host := newPair(t)
	big := make([]byte, 1<<20) // more than any buffer on the way holds
	if err := host.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Write(big); !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "takes nothing") {
		t.Fatalf("error %v, want os.ErrDeadlineExceeded and that the device takes nothing", err)
	}
	if err := host.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Write([]byte("next")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a write behind a stuck one: error %v, want os.ErrDeadlineExceeded", err)
	}
	if _, err := io.ReadFull(device, big); err != nil {
		t.Fatal(err)
	}
	for { // the stuck write ends about now
		if _, err := host.Write([]byte("again")); err == nil {
			break
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	receive(t, device, "again")
}

func TestCloseWhileAWriteIsStuck(t *testing.T) {
	_, host := newPair(t)
	if err := host.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("error %v, want os.ErrDeadlineExceeded", err)
	}
	if err := host.Close(); err != nil {
		t.Error(err)
	}
	if _, err := host.Write([]byte("a")); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestOldInputIsDropped(t *testing.T) {
	device, path := newDevice(t)
	send(t, device, "of the last patient")
	host := open(t, path)
	send(t, device, "new")
	receive(t, host, "new")
}

func TestSecondOpenIsRefused(t *testing.T) {
	device, path := newDevice(t)
	link := filepath.Join(t.TempDir(), "cuff")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	first := open(t, path)
	for _, name := range []string{path, link} {
		second, err := OpenSerial(Name{Path: name}, line)
		if err == nil {
			second.Close()
			t.Fatalf("%s was opened twice", name)
		}
		if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("error %q, want the path and that it is in use", err)
		}
	}
	send(t, device, "a")
	receive(t, first, "a") // the refusal disturbs nobody
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// Another program that does not know our lock finds the port shut.
func TestKernelKeepsOthersOut(t *testing.T) {
	_, path := newDevice(t)
	other, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	exclusive := func() bool {
		n, err := unix.IoctlGetInt(int(other.Fd()), unix.TIOCGEXCL)
		if err != nil {
			t.Fatal(err)
		}
		return n != 0
	}
	host := open(t, path)
	if !exclusive() {
		t.Error("an open port can be opened by others")
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if exclusive() {
		t.Error("a port stays shut after its close")
	}
}

func TestCloseUnblocksRead(t *testing.T) {
	_, host := newPair(t)
	done := reading(host)
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("the waiting read: error %v, want ErrClosed", err)
	}
	if err := host.Close(); err != nil {
		t.Errorf("the second close: %v", err)
	}
	if _, err := host.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("a read afterwards: error %v, want ErrClosed", err)
	}
}

func TestAfterClose(t *testing.T) {
	device, host := newPair(t)
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := host.Write([]byte("X")); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("wrote %d bytes, error %v, want ErrClosed", n, err)
	}
	if err := host.SetLine(line); !errors.Is(err, ErrClosed) {
		t.Errorf("set line: error %v, want ErrClosed", err)
	}
	if err := device.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := device.Read(make([]byte, 1)); n != 0 {
		t.Errorf("%d bytes came through a closed port (%v)", n, err)
	}
}

// What the device said before its plug was pulled still arrives.
func TestFarEndGone(t *testing.T) {
	device, host := newPair(t)
	send(t, device, "last words")
	receive(t, host, "last words")
	done := reading(host)
	if err := device.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), host.Path()) {
		t.Errorf("read: error %v, want ErrGone and the path", err)
	}
	if _, err := host.Write([]byte("X")); !errors.Is(err, ErrGone) {
		t.Errorf("write: error %v, want ErrGone", err)
	}
	if err := host.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := host.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("read after close: error %v, want ErrClosed", err)
	}
}

// A replugged bridge may be another device file under the same name.
func TestReopenAfterTheLinkMoved(t *testing.T) {
	before, first := newDevice(t)
	link := filepath.Join(t.TempDir(), "oximeter")
	if err := os.Symlink(first, link); err != nil {
		t.Fatal(err)
	}
	host := open(t, link)
	if host.Path() != first {
		t.Errorf("path %s, want the device file %s", host.Path(), first)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Read(make([]byte, 1)); !errors.Is(err, ErrGone) {
		t.Fatalf("error %v, want ErrGone", err)
	}
	if err := errors.Join(host.Close(), os.Remove(link)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSerial(Name{Path: link}, line); err == nil || !strings.Contains(err.Error(), "plug the device in") {
		t.Errorf("error %v, want one that says to plug it in", err)
	}
	after, second := newDevice(t)
	if err := os.Symlink(second, link); err != nil {
		t.Fatal(err)
	}
	host = open(t, link)
	send(t, after, "back")
	receive(t, host, "back")
}

func TestSetLine(t *testing.T) {
	device, host := newPair(t)
	if err := host.SetLine(Line{Baud: 19200, Parity: 'O', StopBits: 1}); err != nil {
		t.Fatal(err)
	}
	send(t, device, "a")
	receive(t, host, "a")
	if host.Identity() != (USB{}) {
		t.Errorf("a pty has the USB identity %v", host.Identity())
	}
}

func TestLineIsRefused(t *testing.T) {
	_, path := newDevice(t)
	for want, l := range map[string]Line{
		"parity": {9600, 'X', 1}, "stop bits": {9600, 'N', 3}, "baud": {0, 'N', 1},
	} {
		s, err := OpenSerial(Name{Path: path}, l)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%+v: error %v, want one that names %s and the path", l, err, want)
		}
	}
	open(t, path) // a refusal leaves no lock behind
}

func TestNotASerialPort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSerial(Name{Path: path}, line); err == nil {
		s.Close()
		t.Error("a plain file was opened as a serial port")
	}
}

// select(2) knows descriptors below 1024 only, and go.bug.st/serial panics on others: that must be a refusal, not the end of the program.
func TestTooManyOpenFiles(t *testing.T) {
	_, path := newDevice(t)
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err) // a limit below 1024 needs no guard, but is not what this test is about
		}
		defer f.Close()
		if f.Fd() >= unix.FD_SETSIZE {
			break
		}
	}
	s, err := OpenSerial(Name{Path: path}, line)
	if err == nil {
		_, err = s.Read(make([]byte, 1))
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "LimitNOFILE") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the port and the setting", err)
	}
}

// A write whose time is over before it begins sends nothing: half a command may mean another one.
func TestWriteAfterItsDeadline(t *testing.T) {
	device, host := newPair(t)
	for range 20 {
		if err := host.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if n, err := host.Write([]byte("late")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d bytes, error %v, want os.ErrDeadlineExceeded", n, err)
		}
	}
	if err := host.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := host.Write([]byte("good")); err != nil {
		t.Fatal(err)
	}
	receive(t, device, "good")
}
