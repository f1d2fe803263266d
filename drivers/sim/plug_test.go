package sim

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long these tests wait for what the kernel and real time must bring; it decides only how a failure ends.
const patience = 10 * time.Second

// plugged runs the plug of d until the test ends and returns it with the path of its port.
func plugged(t *testing.T, d Device) (*Plug, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	p := NewPlug(path, d)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run of %s: %v", p, err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after Run the link is still there: %v", err)
		}
	})
	select {
	case <-p.Ready():
	case <-time.After(patience):
		t.Fatal("the port never came")
	}
	return p, path
}

// openPort opens the port as a host does: a fresh open, input flushed, no terminal settings of its own.
func openPort(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	flushInput(t, f)
	return f
}

func flushInput(t *testing.T, f *os.File) {
	t.Helper()
	onPort(t, f, func(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) })
}

func onPort(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := conn.Control(func(fd uintptr) { err = do(int(fd)) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
}

// ask writes a command and reads until want has come.
func ask(t *testing.T, f *os.File, text, want []byte) {
	t.Helper()
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for buf := make([]byte, 64); !bytes.Contains(got, want); {
		n, err := f.Read(buf)
		if err != nil {
			t.Fatalf("after % X: %v", got, err)
		}
		got = append(got, buf[:n]...)
	}
}

func TestPortIsRawAndOutlivesItsHost(t *testing.T) {
	_, path := plugged(t, NewContec(NewPatient(PatientOpts{}), Opts{Model: CMS50DPlus}))
	for range 3 {
		f := openPort(t, path)
		ask(t, f, command(0xA0), bytesOf(t, "06 80 80 87"))
		ask(t, f, command(0xA7), bytesOf(t, "0c 80"))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A status ends in CR: with a terminal's usual translations it would arrive as LF, and the command would be echoed.
func TestPortTranslatesNothing(t *testing.T) {
	_, path := plugged(t, NewPAR(NewPatient(PatientOpts{}), Opts{}))
	f := openPort(t, path)
	body := "S1;A0;C03;M--;P---------;R---;T    ;;"
	want := []byte("\x02" + body + sum(body) + "\x03\r")
	if _, err := f.Write(bytesOf(t, parStatus)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := f.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnplugHangsUpAndReplugComesBack(t *testing.T) {
	p, path := plugged(t, NewPAR(NewPatient(PatientOpts{}), Opts{Speed: 20}))
	f := openPort(t, path)
	ask(t, f, bytesOf(t, parStart), []byte("C0S3"))
	p.Inject(Unplug)
	for buf := make([]byte, 64); ; {
		if _, err := f.Read(buf); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the port was not hung up")
		} else if err != nil {
			break
		}
	}
	if _, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of an unplugged port: %v, want none there", err)
	}
	p.Clear(Unplug)
	until(t, "the port is back", func() bool { _, err := os.Stat(path); return err == nil })
	ask(t, openPort(t, path), []byte{'X'}, []byte("999"))
}

// until polls: the kernel tells nobody when a link appears.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// A port that nobody opens must not fill up: the device goes on, and a host that opens and flushes gets fresh frames only.
func TestPortThatNobodyReadsStallsNothing(t *testing.T) {
	cuff := NewPAR(NewPatient(PatientOpts{}), Opts{Speed: 400})
	_, path := plugged(t, cuff)
	f := openPort(t, path)
	if _, err := f.Write([]byte("\x0204;;DA\x03")); err != nil {
		t.Fatal(err)
	}
	w := &wire{slave: f}
	until(t, "the port is full", func() bool { return w.unread() > unreadMost })
	cuff.state.Lock()
	runs := cuff.runs
	cuff.state.Unlock()
	until(t, "two more runs are over", func() bool {
		cuff.state.Lock()
		defer cuff.state.Unlock()
		return cuff.runs > runs+2
	})
	if n := w.unread(); n > unreadMost+100 {
		t.Errorf("%d bytes wait for the host", n)
	}
	flushInput(t, f)
	ask(t, f, []byte{'X'}, []byte("S"))
}

// A host that is killed leaves the port locked; our own open slave would keep it so.
func TestLockOfAKilledHostIsLifted(t *testing.T) {
	_, path := plugged(t, NewContec(NewPatient(PatientOpts{}), Opts{}))
	f := openPort(t, path)
	onPort(t, f, func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCEXCL, 0) })
	locked := func() (on int) {
		onPort(t, f, func(fd int) (err error) { on, err = unix.IoctlGetInt(fd, unix.TIOCGEXCL); return err })
		return on
	}
	if locked() == 0 {
		t.Fatal("the port did not lock")
	}
	until(t, "the lock is lifted", func() bool { return locked() == 0 })
}

func TestLinkReplacesLinksOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "port")
	for _, target := range []string{"/dev/pts/old", "/dev/pts/new"} {
		if err := link(target, path); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(path); err != nil || got != target {
			t.Errorf("link leads to %q, %v; want %q", got, err, target)
		}
	}
	unlink("/dev/pts/old", path)
	if _, err := os.Lstat(path); err != nil {
		t.Error("unlink removed somebody else's link")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewPlug(file, NewPAR(NewPatient(PatientOpts{}), Opts{})).Run(t.Context()); err == nil {
		t.Error("a plug took the place of a file")
	}
}
