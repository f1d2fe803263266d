package board

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Watchdog is the one that resets the machine when it is not fed (Linux, Documentation/watchdog/watchdog-api.rst). That of a Raspberry Pi takes 15 s
// at most. One process has it; where systemd does (RuntimeWatchdogSec), the kiosk is fed to systemd and not to it.
type Watchdog struct {
	f       *os.File
	Timeout time.Duration // after so long without food the machine is reset; the driver may have rounded it
}

// OpenWatchdog takes the watchdog and starts it. From then on the machine lives only as long as Feed is called, or until Close.
func OpenWatchdog(path string, timeout time.Duration) (*Watchdog, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open watchdog: %s is not there: dtparam=watchdog=on switches a Raspberry Pi's on", path)
	case errors.Is(err, syscall.EBUSY):
		return nil, fmt.Errorf("open watchdog: %s is in use: let systemd feed it (RuntimeWatchdogSec), or the kiosk, not both", path)
	case err != nil:
		return nil, fmt.Errorf("open watchdog: %w", err)
	}
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.WDIOC_SETTIMEOUT, int(timeout/time.Second)); err != nil {
		return nil, errors.Join(fmt.Errorf("watchdog %s: set %s: %w", path, timeout, err), disarm(f))
	}
	got, err := unix.IoctlGetInt(int(f.Fd()), unix.WDIOC_GETTIMEOUT)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watchdog %s: %w", path, err), disarm(f))
	}
	return &Watchdog{f, time.Duration(got) * time.Second}, nil
}

// Feed keeps the machine alive for another Timeout.
func (w *Watchdog) Feed() error {
	_, err := w.f.Write([]byte{0})
	return err
}

// Close stops it ("magic close"), unless the kernel was told never to.
func (w *Watchdog) Close() error { return disarm(w.f) }

func disarm(f *os.File) error {
	_, err := f.WriteString("V")
	return errors.Join(err, f.Close())
}
