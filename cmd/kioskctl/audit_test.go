package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/clock"
)

// TestAuditVerify: a record that was cut at any byte is whole up to there; one of which a line was changed or taken out is not.
func TestAuditVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.OpenLog(path, func() clock.Stamp { return clock.Stamp{Boot: "b", SinceBoot: time.Minute} })
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		if err := log.Note(audit.Entry{Who: "w-7", Did: audit.Stored, What: fmt.Sprint("reading-", n), OK: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(raw []byte) (string, error) {
		t.Helper()
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return captured(t, func() error { return auditVerifyCmd{File: []string{path}}.Run() })
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for end := first; end <= len(whole); end++ {
		out, err := verify(whole[:end])
		want := fmt.Sprintf("%d lines, 0 to", bytes.Count(whole[:end], []byte("\n")))
		if err != nil || !strings.HasPrefix(out, want) {
			t.Fatalf("cut at %d of %d: %v, %q, want %q", end, len(whole), err, out, want)
		}
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, raw := range map[string][]byte{
		"a line changed":   bytes.Replace(whole, []byte("reading-1"), []byte("reading-9"), 1),
		"a line taken out": bytes.Join([][]byte{lines[0], lines[2], lines[3]}, nil),
		"two lines turned": bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[3]}, nil),
	} {
		if _, err := verify(raw); err == nil || !strings.Contains(err.Error(), "does not follow") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := verify([]byte("nothing")); err == nil {
		t.Error("nothing is whole")
	}
}

// captured is what something prints.
func captured(t *testing.T, do func() error) (string, error) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = file
	failed := do()
	os.Stdout = stdout
	raw, err := os.ReadFile(file.Name())
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), failed
}
