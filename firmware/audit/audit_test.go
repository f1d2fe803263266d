package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nabz/firmware/clock"
)

func now() clock.Stamp { return clock.Stamp{Boot: "b"} }

func open(t testing.TB, path string) *Log {
	t.Helper()
	l, err := OpenLog(path, now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func all(t testing.TB, l *Log) (entries []Entry, err error) {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	err = Read(&b, func(e Entry) { entries = append(entries, e) })
	return entries, err
}

// What was noted is there after a restart, in order, and the chain holds.
func TestNotesStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	for range 3 {
		if err := l.Note(Entry{Who: "w-7", Did: SignIn, OK: true}, Entry{Who: "w-7", Did: Open, What: "v", OK: true}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, path)
	}
	got, err := all(t, l)
	if err != nil || len(got) != 6 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i, e := range got {
		if e.N != uint64(i) || e.Who != "w-7" || !e.OK {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever length a power cut leaves, the whole lines stay and the chain goes on behind them.
func TestTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	for range 3 {
		if err := l.Note(Entry{Who: "w-7", Did: Stored, What: "r", OK: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path)
		lines := bytes.Count(whole[:cut], []byte("\n"))
		if err := l.Note(Entry{Did: Started}); err != nil {
			t.Fatal(err)
		}
		got, err := all(t, l)
		if err != nil || len(got) != lines+1 || got[lines].N != uint64(lines) {
			t.Fatalf("cut at %d: %d entries, %v", cut, len(got), err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A line that is changed, taken out or put elsewhere is seen.
func TestChangesAreSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	for range 5 {
		if err := l.Note(Entry{Who: "w-7", Did: SignIn, OK: false}); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(b.String(), "\n"), "\n")
	rapid.Check(t, func(t *rapid.T) {
		some := append([]string{}, lines...)
		i := rapid.IntRange(0, len(some)-2).Draw(t, "line") // the newest line has none behind it
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			some[i] = strings.Replace(some[i], "w-7", "w-8", 1)
		case 1:
			some[i] = strings.Replace(some[i], `"ok":false`, `"ok":true`, 1)
		case 2:
			if i == 0 {
				return // where the record begins, nobody can tell
			}
			some = append(some[:i], some[i+1:]...)
		}
		if Read(strings.NewReader(strings.Join(some, "")), func(Entry) {}) == nil {
			t.Error("nobody saw it")
		}
	})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
