package queue

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"
)

// rows are the traps of a small durable queue on Badger and on cheap cards, and the tests that fail without the measure against each.
var rows = []struct{ trap, tests string }{
	{"writes that are not synced", "TestPutWaitsForTheFlush TestIndexSettings"},
	{"values in a value log, and collecting it", "TestValuesAreInTheTree TestIndexSettings"},
	{"a delivered record comes back", "TestDeliveredNeverComesBack TestModel"},
	{"a flipped bit", "TestDamagedItemIsNamedAndNeverReturned TestDamagedStore"},
	{"a large memtable", "TestIndexSettings"},
	{"a memtable smaller than the one that wrote the store", "TestMemtableNeverShrinks"},
	{"files of length zero", "TestEmptyFilesOfACutAreRemoved"},
	{"a full disk is SIGBUS", "TestQuota TestDiskFilledBySomebodyElse TestHistoryIsTrimmedBeforePutIsRefused"},
	{"Badger's own encryption", "TestIndexSettings"},
	{"a missing MANIFEST beside tables", "TestMissingManifestCostsNothing"},
	{"large folios multiply what a mapped write costs", "TestPutWritesToNoMapping"},
	{"looking for the head among tombstones", "TestDeliveredCostNothingToNext"},
	{"draining needs room", "TestFullDiskIsRefusedBeforeDamage TestDiskFilledBySomebodyElse"},
	{"expiry by the wall clock", "TestIndexKeysNeverExpire TestRemember"},
	{"a second process, and a killed one", "TestSecondProcessIsRefused TestKilled"},
	{"ext4 after a torn journal commit", "TestTornSuperblockIsRepaired"},
	{"a 32-bit address space", "TestFilesStaySmall"},
	{"a transaction is too big", "TestCheckpointCutBetweenTransactions"},
	{"ids remembered without bound", "TestRememberedIDsAreBounded TestRemember"},
}

// TestEveryTrapHasItsTest holds the table to what there is.
func TestEveryTrapHasItsTest(t *testing.T) {
	there := map[string]bool{}
	for _, dir := range []string{".", "../hwtest/powercut"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		must(t, err)
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			must(t, err)
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					there[fn.Name.Name] = true
				}
			}
		}
	}
	for _, row := range rows {
		for name := range strings.FieldsSeq(row.tests) {
			if !there[name] {
				t.Errorf("%s: there is no %s", row.trap, name)
			}
		}
	}
}

// Put returns when its flush has, and a flush that fails ends all writing: nobody knows what the disk has then.
func TestPutWaitsForTheFlush(t *testing.T) {
	q := open(t, t.TempDir())
	flushing, release := make(chan struct{}), make(chan error)
	q.journal.flush = func(*os.File) error {
		flushing <- struct{}{}
		return <-release
	}
	saved := make(chan error, 1)
	go func() { saved <- q.Put(context.Background(), "a", Routine, []byte("x")) }()
	<-flushing
	if got := ids(t, q, Any, 9); got != "" || len(saved) > 0 {
		t.Errorf("before the flush: waiting %q, put returned: %v", got, len(saved) > 0)
	}
	release <- nil
	must(t, <-saved)
	go func() { saved <- q.Put(context.Background(), "b", Routine, []byte("x")) }()
	<-flushing
	release <- errors.New("card: read-only")
	if err := <-saved; err == nil {
		t.Error("a put whose flush failed was called saved")
	}
	if err := q.Put(t.Context(), "c", Routine, []byte("x")); err == nil || !strings.Contains(err.Error(), "restart") {
		t.Errorf("after a failed flush: %v", err)
	}
}

// The longest ids, notes and whole pages stay out of the value log.
func TestValuesAreInTheTree(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), small4)
	for n := range 600 {
		id := fmt.Sprintf("%04d%s", n, strings.Repeat("x", 251))
		put(t, q, Routine, id)
		if n%50 == 0 {
			must(t, q.Note(t.Context(), q.LastSeq(), []byte(strings.Repeat("n", 4000))))
		}
	}
	quiet(t, q)
	must(t, q.checkpoint())
	logs, err := filepath.Glob(filepath.Join(q.dir, "index", "*.vlog"))
	must(t, err)
	if len(logs) == 0 {
		t.Error("there is no value log to look at")
	}
	for _, path := range logs {
		b, err := os.ReadFile(path)
		must(t, err)
		if strings.Trim(string(b[min(len(b), walHead):]), "\x00") != "" {
			t.Errorf("%s holds something", path)
		}
	}
}

// A put is a plain write into room that was there before: the index, which Badger maps, is not touched, and no file grows.
func TestPutWritesToNoMapping(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "first")
	before := state(t, q.dir)
	for n := range 100 {
		put(t, q, Routine, fmt.Sprint(n))
	}
	changed := 0
	for path, was := range before {
		switch now := state(t, q.dir)[path]; {
		case now.size != was.size:
			t.Errorf("%s grew from %d to %d", path, was.size, now.size)
		case now.sum != was.sum && strings.HasPrefix(path, "index"):
			t.Errorf("%s was written", path)
		case now.sum != was.sum:
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d files were written, want the newest segment alone", changed)
	}
}

type fileState struct {
	size int64
	sum  uint32
}

func state(t *testing.T, dir string) map[string]fileState {
	t.Helper()
	all := map[string]fileState{}
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = fileState{int64(len(b)), crc32.Checksum(b, castagnoli)}
		return err
	}))
	return all
}

// However many were delivered, finding what waits looks at none of them.
func TestDeliveredCostNothingToNext(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	for n := range 6 * pageItems {
		id := fmt.Sprint("gone-", n)
		put(t, q, Routine, id)
		if n%40 == 39 {
			items, err := q.Next(t.Context(), Any, 40)
			must(t, err)
			var seqs []uint64
			for _, it := range items {
				seqs = append(seqs, it.Seq)
			}
			must(t, q.Ack(t.Context(), seqs...))
		}
	}
	put(t, q, Routine, "waits")
	for range 2 {
		quiet(t, q)
		must(t, q.checkpoint())
		if n := len(q.register.pages); n > 3 {
			t.Errorf("%d pages of %d items are looked at for what waits", n, pageItems)
		}
		if got := ids(t, q, Any, 99); !strings.HasSuffix(got, "waits") {
			t.Errorf("waiting %q", got)
		}
		must(t, q.Close())
		q, _ = reopen(t, dir, small4)
	}
}

// No key of the index has an expiry: Badger's follows the wall clock, and a kiosk's may be wrong by decades.
func TestIndexKeysNeverExpire(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "a", "b")
	must(t, q.Ack(t.Context(), seqOf(t, q, "a")))
	must(t, q.checkpoint())
	keys := 0
	must(t, q.index.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if keys++; it.Item().ExpiresAt() != 0 {
				t.Errorf("%q expires", it.Item().Key())
			}
		}
		return nil
	}))
	if keys < 4 {
		t.Errorf("only %d keys", keys)
	}
}

// No file is larger than a few megabytes, so that all mappings together fit a small address space.
func TestFilesStaySmall(t *testing.T) {
	q := open(t, t.TempDir())
	for n := range 50 {
		must(t, q.Put(t.Context(), fmt.Sprint(n), Routine, make([]byte, MaxPayload)))
	}
	quiet(t, q)
	must(t, q.checkpoint())
	for path, is := range state(t, q.dir) {
		if is.size > 4<<20 {
			t.Errorf("%s has %d bytes", path, is.size)
		}
	}
}
