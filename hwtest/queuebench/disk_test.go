package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSpaceUsedCountsBlocksNotHoles(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "below"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "holes"), nil, 0o600))
	must(t, os.Truncate(filepath.Join(dir, "holes"), 100<<20))
	f, err := os.Create(filepath.Join(dir, "below", "full"))
	must(t, err)
	_, err = f.Write(make([]byte, 1<<20))
	must(t, errors.Join(err, f.Sync(), f.Close())) // it has its blocks once it is written out
	mb, err := spaceUsed(dir)
	must(t, err)
	if mb < 1 || mb > 1.2 {
		t.Errorf("%v MB, want a little over 1", mb)
	}
}

func TestParseResident(t *testing.T) {
	got, err := parseResident("Name:\tx\nVmHWM:\t  9000 kB\nVmRSS:\t   14832 kB\nThreads:\t1\n")
	must(t, err)
	want(t, "kB", got, 14832.0)
	if _, err := parseResident("Name:\tx\n"); err == nil {
		t.Error("no error without VmRSS")
	}
}
