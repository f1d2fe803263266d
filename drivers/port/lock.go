package port

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// acquire keeps other copies of this software off a port: TIOCEXCL alone does not stop root, and its release by one holder frees all.
// The lock dies with the process.
func acquire(path string) (*os.File, error) {
	name := "nabz" + strings.ReplaceAll(path, "/", ".") + ".lock"
	var f *os.File
	var err error
	for _, dir := range []string{"/run/lock", os.TempDir()} {
		if f, err = os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o666); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: lock: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: in use by another program of this kiosk: stop it", path), f.Close())
	}
	return f, nil
}
