package ledger

import (
	"strings"
	"testing"
)

const id = "bhu-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFirstEntryStays(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if _, found, err := l.Find(id); found || err != nil {
		t.Fatalf("an empty ledger knows it: %v", err)
	}
	must(t, l.Add(id, Entry{Hash: Hash([]byte("one")), Loc: []string{"2026-11-26.ndjson#1"}}))
	must(t, l.Add(id, Entry{Hash: Hash([]byte("two"))}))
	must(t, l.Close())
	e, found, err := open(t, dir).Find(id)
	if err != nil || !found || e.Hash != Hash([]byte("one")) || e.Loc[0] != "2026-11-26.ndjson#1" {
		t.Errorf("after reopening: %+v %v %v", e, found, err)
	}
}

func TestMessagesWaitInOrder(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for _, text := range []string{"one", "two"} {
		must(t, l.Keep("bhu", []byte(text)))
	}
	must(t, l.Keep("bhu-1", []byte("another kiosk's")))
	must(t, l.Close())
	l = open(t, dir)
	must(t, l.Keep("bhu", []byte("three")))
	kept, err := l.Kept("bhu")
	must(t, err)
	var texts []string
	for _, m := range kept {
		texts = append(texts, string(m.Payload))
		must(t, l.Told(m))
	}
	if got := strings.Join(texts, " "); got != "one two three" {
		t.Errorf("kept %q", got)
	}
	if kept, err = l.Kept("bhu"); err != nil || len(kept) > 0 {
		t.Errorf("told, and still kept: %v %v", kept, err)
	}
}

func TestSecondClinicIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another clinic") {
		t.Errorf("second open: %v", err)
	}
}
