package port

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody runs f with the file permissions of a user who is not root. Who runs the tests without being root is such a user already.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // the change is this thread's alone
	defer runtime.UnlockOSThread()
	if _, err := unix.SetfsuidRetUid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := unix.SetfsuidRetUid(0); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// shared returns two folders that everybody may enter and write to, as /run/lock and /tmp are.
func shared(t *testing.T) []string {
	t.Helper()
	first, second := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "tmp")
	for _, dir := range []string{first, second} {
		parent := filepath.Dir(dir)
		err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777), os.Chmod(parent, 0o755), os.Chmod(filepath.Dir(parent), 0o755))
		if err != nil {
			t.Fatal(err)
		}
	}
	return []string{first, second}
}

// A lock file that another user made, and that this one may only read, still keeps the port: a second lock elsewhere would guard nothing.
func TestLockOfAnotherUserHolds(t *testing.T) {
	dirs := shared(t)
	held, err := lockIn(dirs, "/dev/ttyUSB0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.Chmod(held.Name(), 0o444); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		second, err := lockIn(dirs, "/dev/ttyUSB0")
		if err == nil {
			t.Errorf("the port is locked twice, by %s and %s", held.Name(), second.Name())
			second.Close()
			return
		}
		if !strings.Contains(err.Error(), "in use") {
			t.Errorf("error %v, want one that says the port is in use", err)
		}
	})
}

// A link that somebody left in a shared folder is not followed: it could name any file.
func TestLockFollowsNoLink(t *testing.T) {
	dirs := shared(t)
	target := filepath.Join(t.TempDir(), "other")
	if err := os.Symlink(target, filepath.Join(dirs[0], "nabz.dev.ttyUSB0.lock")); err != nil {
		t.Fatal(err)
	}
	f, err := lockIn(dirs[:1], "/dev/ttyUSB0")
	if err == nil {
		f.Close()
	}
	if _, made := os.Stat(target); err == nil || made == nil {
		t.Errorf("error %v, the link's target was made: %t", err, made == nil)
	}
}

func TestLocksOfTwoPorts(t *testing.T) {
	dirs := shared(t)
	for _, path := range []string{"/dev/ttyUSB0", "/dev/ttyUSB1"} {
		f, err := lockIn(dirs, path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
}
