package queue

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, _, err := Open(dir, Opts{}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second open: %v", err)
	}
}

// The queue's own lock holds, also where Badger's would not; it goes with its file and leaves nothing to remove. That it goes with a killed
// process too is TestKilled's, which opens at once after every kill.
func TestLockDiesWithItsHolder(t *testing.T) {
	dir := t.TempDir()
	first := &Queue{dir: dir}
	must(t, first.lockDir())
	second := &Queue{dir: dir}
	if err := second.lockDir(); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("the second holder: %v", err)
	}
	must(t, second.lock.Close())
	must(t, first.lock.Close())
	if files, err := filepath.Glob(filepath.Join(dir, "lock")); err != nil || len(files) != 1 {
		t.Errorf("the lock's file: %v %v", files, err)
	}
	third := &Queue{dir: dir}
	must(t, third.lockDir())
	must(t, third.lock.Close())
}
