package port

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// acquire keeps other copies of this software off a port: TIOCEXCL alone does not stop root, and its release by one holder frees all.
// The lock dies with the process.
func acquire(path string) (*os.File, error) {
	return lockIn([]string{"/run/lock", os.TempDir()}, path)
}

func lockIn(dirs []string, path string) (*os.File, error) {
	name := "nabz" + strings.ReplaceAll(path, "/", ".") + ".lock"
	var f *os.File
	var err error
	for _, dir := range dirs {
		if f, err = openLock(filepath.Join(dir, name)); err == nil {
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

// openLock opens a lock file, and makes it where there is none. Reading is enough to hold a lock, so a file that another user made serves
// too. One that exists is opened without O_CREAT: in a folder that all may write to, the kernel (fs.protected_regular) refuses that even to
// root, who would then lock another file than the holder did.
func openLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return os.OpenFile(name, os.O_CREATE|os.O_RDONLY|syscall.O_NOFOLLOW, 0o644)
	}
	return f, err
}
