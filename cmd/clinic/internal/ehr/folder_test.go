package ehr

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabz/firmware/fhir"
)

func bundle(id string) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Bundle","identifier":{"value":"%s"}}`, id)
}

func open(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	f.now = func() time.Time { return time.Date(2026, 11, 26, 23, 59, 0, 0, time.UTC) }
	return f
}

func store(t *testing.T, f *Folder, id string) (loc string, already bool) {
	t.Helper()
	all, already, err := f.Store(context.Background(), id, bundle(id), fhir.Summary{})
	if err != nil {
		t.Fatal(err)
	}
	return all[0], already
}

func content(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestEachBundleStandsOnce(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	for range 2 {
		store(t, f, "a")
	}
	if loc, already := store(t, f, "b"); loc != "2026-11-26.ndjson#2" || already {
		t.Errorf("b is at %s, already %v", loc, already)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, dir)
	if loc, already := store(t, f, "a"); loc != "2026-11-26.ndjson#1" || !already {
		t.Errorf("after reopening a is at %s, already %v", loc, already)
	}
	store(t, f, "c")
	want := string(bundle("a")) + "\n" + string(bundle("b")) + "\n" + string(bundle("c")) + "\n"
	if got := content(t, filepath.Join(dir, "2026-11-26.ndjson")); got != want {
		t.Errorf("record:\n%s", got)
	}
}

func TestOneFileADay(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	store(t, f, "a")
	f.now = func() time.Time { return time.Date(2026, 11, 27, 0, 1, 0, 0, time.UTC) }
	if loc, _ := store(t, f, "b"); loc != "2026-11-27.ndjson#1" {
		t.Errorf("after midnight: %s", loc)
	}
}

// A line that a crash tore was promised to nobody: it goes aside, and the next line stands whole.
func TestTornLineIsSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "2026-11-26.ndjson")
	torn := string(bundle("b"))[:20]
	if err := os.WriteFile(path, []byte(string(bundle("a"))+"\n"+torn), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, dir)
	if _, already := store(t, f, "b"); already {
		t.Error("half a line counts as recorded")
	}
	if got, want := content(t, path), string(bundle("a"))+"\n"+string(bundle("b"))+"\n"; got != want {
		t.Errorf("record:\n%s", got)
	}
	if got := content(t, path+".torn"); got != torn+"\n" {
		t.Errorf("set aside: %q", got)
	}
}

func TestDamagedRecordIsNotPassedOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2026-11-26.ndjson"), []byte("junk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("opened over a damaged line: %v", err)
	}
}

// A write that fails leaves no half line before the next.
func TestFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	store(t, f, "a")
	path := f.file.Name()
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := f.file
	f.file = readOnly
	if _, _, err := f.Store(context.Background(), "b", bundle("b"), fhir.Summary{}); err == nil {
		t.Error("a failed write was reported as recorded")
	}
	if err := readOnly.Close(); err != nil {
		t.Fatal(err)
	}
	f.file = whole
	if loc, already := store(t, f, "b"); loc != "2026-11-26.ndjson#2" || already {
		t.Errorf("tried again: %s, already %v", loc, already)
	}
}
