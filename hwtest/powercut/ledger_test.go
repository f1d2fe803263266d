package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLedger(t *testing.T) {
	cases := map[string]struct {
		heard       string
		there       string
		lost, twice []string
	}{
		"all there":                            {"PUT a,PUT b", "a b", nil, nil},
		"one lost":                             {"PUT a,PUT b", "a", []string{"b"}, nil},
		"not promised, but there":              {"PUT a", "a b", nil, nil},
		"acknowledged and gone":                {"PUT a,TRY a,ACKED a", "", nil, nil},
		"acknowledged and back":                {"PUT a,TRY a,ACKED a", "a", nil, []string{"a"}},
		"acknowledgment not promised, gone":    {"PUT a,TRY a", "", nil, nil},
		"acknowledgment not promised, there":   {"PUT a,TRY a", "a", nil, nil},
		"acknowledged before its put was told": {"TRY a,ACKED a,PUT a", "", nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			for line := range strings.SplitSeq(c.heard, ",") {
				l.hear(line)
			}
			there := map[string]bool{}
			for id := range strings.FieldsSeq(c.there) {
				there[id] = true
			}
			lost, twice := l.judge(there)
			if !slices.Equal(lost, c.lost) || !slices.Equal(twice, c.twice) {
				t.Errorf("lost %v, twice %v; want %v, %v", lost, twice, c.lost, c.twice)
			}
		})
	}
}

// What one boot has shown, the next is held to: an item that was there once is lost when it is gone.
func TestLedgerOverBoots(t *testing.T) {
	l := newLedger()
	l.hear("PUT a")
	l.forget(map[string]bool{"a": true, "unsaid": true})
	if lost, _ := l.judge(map[string]bool{"a": true}); !slices.Equal(lost, []string{"unsaid"}) {
		t.Errorf("lost %v", lost)
	}
	l.hear("TRY a")
	l.forget(map[string]bool{"a": true, "unsaid": true}) // the acknowledgment did not reach the card
	if lost, _ := l.judge(map[string]bool{"unsaid": true}); !slices.Equal(lost, []string{"a"}) {
		t.Errorf("lost %v", lost)
	}
}

func TestVerdict(t *testing.T) {
	caught := row{plan: plan{control: true}, lost: 1}
	for name, c := range map[string]struct {
		rows []row
		ok   bool
	}{
		"clean and caught":     {[]row{{done: 1}, caught}, true},
		"lost":                 {[]row{{done: 1, lost: 1}, caught}, false},
		"came back":            {[]row{{done: 1, twice: 1}, caught}, false},
		"did not open":         {[]row{{done: 1, failed: 1}, caught}, false},
		"control not caught":   {[]row{{done: 1}, {plan: plan{control: true}}}, false},
		"nothing was done":     {[]row{caught}, false},
		"no control at all":    {[]row{{done: 1}}, false},
		"a series without cut": {[]row{{done: 1}, {}, caught}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := verdict(c.rows); (err == nil) != c.ok {
				t.Errorf("verdict %v", err)
			}
		})
	}
}

// A cut in the middle of the superblock's kilobyte: e2fsck -p gives up on it, and the box must not.
func TestTornSuperblockIsRepaired(t *testing.T) {
	image := filepath.Join(t.TempDir(), "card")
	if err := format(t.Context(), image, usual); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 512), 1024+512); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0} {
		if status, err := fsck(t.Context(), image); err != nil || status != want {
			t.Errorf("check %d: status %d, %v; want %d", i+1, status, err, want)
		}
	}
}
