package queue

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is how a row begins, and its tests.
type row struct {
	begins string
	tests  []string
}

// rows are what was measured to matter of Badger and cards under power cuts, by the words that the notes on storage begin each with, and
// the tests that fail without the measure. Some measures are moot since the truth is a journal in front of Badger: then the test holds the
// queue to what the measure was for.
var rows = []row{
	{"`SyncWrites=true`", []string{"TestPutReturnsAfterTheFlush", "TestFlushAsksTheDisk", "TestIndexSettings"}},
	{"every value inside the LSM", []string{"TestNothingGoesToTheValueLog", "TestNeverAskedOfBadger"}},
	{"a durable \"acknowledged up to\" mark", []string{"TestDeliveredNeverComesBack", "TestOlderPagesAreNotBelieved"}},
	{"own length, sequence number and checksum", []string{
		"TestFlippedBitCostsOnlyItsFrame", "TestAnothersEntryIsNotRead",
		"TestAnEarlierLifeIsNotRead", "TestDamagedItemIsNamedAndNeverReturned", "TestDamagedStore",
	}},
	{"small memtable", []string{"TestIndexSettings", "TestIndexMapsLittle"}},
	{"**never make the memtable smaller", []string{"TestMemtableNeverShrinks"}},
	{"remove zero-length", []string{"TestEmptyFilesOfACutAreRemoved"}},
	{"a quota, a statfs gate", []string{"TestQuota", "TestRoomThatMustBeFree", "TestBallast", "TestDiskFilledBySomebodyElse"}},
	{"Badger's own encryption off", []string{"TestIndexSettings"}},
	{"before Open, if .sst files exist", []string{"TestMissingManifestCostsNothing"}},
	// moot: no put writes through a mapping
	{"`madvise(MADV_RANDOM)`", []string{"TestPutTouchesNoMappedFile"}},
	// moot: the register knows
	{"head key kept", []string{"TestNextNeedsNoIndex", "TestDeliveredLeaveTheRegister", "TestNeverAskedOfBadger"}},
	{"refuse Puts below 32 MB", []string{"TestRoomThatMustBeFree", "TestFullDiskIsRefusedBeforeDamage"}},
	{"no Badger TTL", []string{"TestNothingExpires", "TestRemember"}},
	{"lock: `flock`", []string{"TestLockDiesWithItsHolder", "TestSecondProcessIsRefused", "TestKilled"}},
	// the box's: the power-cut rig's guest does it at each start
	{"`e2fsck -p` before mounting", []string{"TestTornSuperblockIsRepaired"}},
	{"not on 32-bit", []string{"TestIndexMapsLittle"}},
}

// What follows the table in the notes.
var besides = map[string][]string{
	"one synced transaction for the group":               {"TestWritersShareAFlush"},
	"a missing .sst is set aside, the loss stated by id": {"TestMissingTableCostsNothing", "TestDamagedStore"},
	"a checkpoint of several transactions":               {"TestCheckpointCutBetweenTransactions", "TestLetGoIsNotLost"},
}

func TestEveryRowHasItsTest(t *testing.T) {
	there := testsIn(t, ".", filepath.Join("..", "hwtest", "powercut"))
	named := func(what string, tests []string) {
		if len(tests) == 0 {
			t.Errorf("%s: no test", what)
		}
		for _, name := range tests {
			if !there[name] {
				t.Errorf("%s: there is no %s", what, name)
			}
		}
	}
	for _, r := range rows {
		named(r.begins, r.tests)
	}
	for what, tests := range besides {
		named(what, tests)
	}
	notes, err := os.ReadFile(filepath.Join("..", "..", "shared", "storage.md"))
	if err != nil {
		t.Skip("the notes are not here")
	}
	_, table, _ := strings.Cut(string(notes), "|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	lines := strings.Split(table, "\n")
	if len(lines) != len(rows) {
		t.Errorf("the table has %d rows, %d are mapped", len(lines), len(rows))
	}
	for _, line := range lines {
		if !slices.ContainsFunc(rows, func(r row) bool { return strings.HasPrefix(line, "| "+r.begins) }) {
			t.Errorf("not mapped: %s", line)
		}
	}
}

// testsIn are the test functions of some folders.
func testsIn(t *testing.T, folders ...string) map[string]bool {
	all := map[string]bool{}
	for _, dir := range folders {
		for _, f := range sources(t, filepath.Join(dir, "*_test.go")) {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && regexp.MustCompile("^Test[A-Z]").MatchString(fn.Name.Name) {
					all[fn.Name.Name] = true
				}
			}
		}
	}
	return all
}

// sources are files parsed, by name.
func sources(t *testing.T, pattern string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(pattern)
	must(t, err)
	all := map[string]*ast.File{}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		must(t, err)
		all[name] = f
	}
	if len(all) == 0 {
		t.Fatalf("no file is called %s", pattern)
	}
	return all
}

// TestNeverAskedOfBadger holds the sources to what must never be asked of it.
func TestNeverAskedOfBadger(t *testing.T) {
	never := map[string]string{
		"RunValueLogGC":     "it brings deleted keys back to life",
		"WithTTL":           "it follows the wall clock, which may jump by decades",
		"ExpiresAt":         "it follows the wall clock, which may jump by decades",
		"WithEncryptionKey": "without an index cache the memtable's flush panics, and so does opening without the key registry",
		"Reverse":           "backwards over deleted keys takes half a second",
	}
	for name, f := range sources(t, "*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && never[id.Name] != "" {
				t.Error(fmt.Sprintf("%s: %s: ", name, id.Name), never[id.Name])
			}
			return true
		})
	}
}
