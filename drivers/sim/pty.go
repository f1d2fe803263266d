package sim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

const (
	// unreadMost is how many bytes may wait for the host, half of what the terminal's own buffer holds. More is lost, as on a line whose
	// other end nobody opened; so a write never blocks, and a host that flushes its input when it opens the port is rid of all of it.
	unreadMost = 2048

	linger    = 200 * time.Millisecond // what was sent last stays readable so long before the port is hung up
	shareTime = 500 * time.Millisecond
)

// wire is a pty: the device's end and, kept open so that the host may close its own, the host's.
type wire struct {
	*os.File // the device's end
	slave    *os.File
	baud     int // of the device; 0 does not matter
}

func openWire(baud int) (*wire, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pty: %w", err)
	}
	w := &wire{File: master, slave: slave, baud: baud}
	if err := errors.Join(w.raw(), w.unblock()); err != nil {
		w.close()
		return nil, fmt.Errorf("set up %s: %w", slave.Name(), err)
	}
	return w, nil
}

// unblock gives the device's end its deadlines: package pty leaves it in blocking mode, where a Read that waits cannot be interrupted.
func (w *wire) unblock() error {
	fd, err := unix.FcntlInt(w.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	blocking := w.File
	w.File = os.NewFile(uintptr(fd), blocking.Name())
	return blocking.Close()
}

// raw switches off echo, line editing and every translation of bytes, and sets the device's own speed until the host sets another.
func (w *wire) raw() error {
	return w.control(func(fd int) error {
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
		if err != nil {
			return err
		}
		t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
		t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8 | unix.CREAD | unix.CLOCAL
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		if w.baud > 0 {
			t.Cflag = t.Cflag&^unix.CBAUD | unix.BOTHER
			t.Ispeed, t.Ospeed = uint32(w.baud), uint32(w.baud)
		}
		return unix.IoctlSetTermios(fd, unix.TCSETS2, t)
	})
}

// Write gives b to the host, or to nobody when the host does not read.
func (w *wire) Write(b []byte) (int, error) {
	if w.unread() > unreadMost {
		return len(b), nil
	}
	if heard := resample(b, w.baud, w.hostBaud()); len(heard) > 0 {
		if _, err := w.File.Write(heard); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// Read gives what the host sent, as the device hears it at its own speed.
func (w *wire) Read(b []byte) (int, error) {
	for {
		n, err := w.File.Read(b)
		if n == 0 || err != nil {
			return n, err
		}
		if heard := resample(b[:n], w.hostBaud(), w.baud); len(heard) > 0 {
			return copy(b, heard), nil
		}
	}
}

// unread counts the bytes that wait for the host.
func (w *wire) unread() (n int) {
	_ = w.control(func(fd int) (err error) { // a pty that is gone holds nothing
		n, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
		return err
	})
	return n
}

// attend returns when ctx ends or change is closed. Until then it lifts the lock that a host left behind which was killed before it
// could: our own open slave would keep that lock alive.
func (w *wire) attend(ctx context.Context, change <-chan struct{}) {
	share := time.NewTicker(shareTime)
	defer share.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-change:
			return
		case <-share.C:
			_ = w.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) }) // at worst the port stays locked
		}
	}
}

func (w *wire) control(do func(fd int) error) error {
	conn, err := w.slave.SyscallConn()
	if err != nil {
		return err
	}
	if inner := conn.Control(func(fd uintptr) { err = do(int(fd)) }); inner != nil {
		return inner
	}
	return err
}

// close hangs up, after the host had time to read what was sent last.
func (w *wire) close() {
	for end := time.Now().Add(linger); w.unread() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	_ = w.File.Close()
	_ = w.slave.Close()
}

// link makes path a symbolic link to target in one step. It replaces a link, and nothing else.
func link(target, path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return fmt.Errorf("link %s: something that is no link is there; choose another path", path)
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// unlink removes path if it still leads to target.
func unlink(target, path string) {
	if to, err := os.Readlink(path); err == nil && to == target {
		_ = os.Remove(path) // a link that leads nowhere is found out when the port is opened
	}
}
