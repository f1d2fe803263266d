package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// small makes segments of four blocks, so that a few items fill many.
var small4 = Opts{segment: 4 * blockSize, whole: 1}

func TestIndexSettings(t *testing.T) {
	o := open(t, t.TempDir()).index.db.Opts() // as Badger has them
	switch {
	case !o.SyncWrites:
		t.Error("writes are not synced: a cut loses what was acknowledged")
	case o.ValueThreshold <= 8+2*MaxPayload:
		t.Error("some value would go to the value log, whose collection brings deleted keys back")
	case len(o.EncryptionKey) > 0:
		t.Error("Badger's own encryption is on")
	case o.MemTableSize > 4<<20 || o.NumMemtables != 2 || o.BlockCacheSize > 1<<20 || o.IndexCacheSize > 1<<20:
		t.Error("the index takes much memory")
	case o.NumCompactors != 2:
		t.Errorf("%d compactors: one stalls, and more idle hot", o.NumCompactors)
	}
}

// Neither a journal read whole nor an index that is gone brings back what was delivered.
func TestDeliveredNeverComesBack(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"reopened":          func(string) error { return nil },
		"without the index": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "index")) },
		"without settings":  func(dir string) error { return os.Remove(filepath.Join(dir, "queue.json")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			q, _ := reopen(t, dir, small4)
			put(t, q, Routine, "stays")
			for n := range 60 {
				id := fmt.Sprint("gone-", n)
				put(t, q, Routine, id)
				must(t, q.Ack(t.Context(), seqOf(t, q, id)))
			}
			must(t, q.Close())
			must(t, damage(dir))
			q, found := reopen(t, dir, small4)
			if got := ids(t, q, Any, 99); got != "stays" || len(found.Damaged) > 0 {
				t.Errorf("waiting %q, found %+v", got, found)
			}
		})
	}
}

func TestMissingManifestCostsNothing(t *testing.T) {
	for _, name := range []string{"MANIFEST", "KEYREGISTRY"} {
		for how, damage := range map[string]func(string) error{
			"missing": os.Remove, "empty": func(path string) error { return os.Truncate(path, 0) },
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				q := open(t, dir)
				put(t, q, Routine, "precious")
				must(t, q.Close())
				must(t, damage(filepath.Join(dir, "index", name)))
				q, found := reopen(t, dir, Opts{})
				if got := ids(t, q, Any, 9); got != "precious" || found.Rebuilt == "" || len(found.SetAside) != 1 {
					t.Errorf("waiting %q, found %+v", got, found)
				}
				tables, err := filepath.Glob(filepath.Join(dir, found.SetAside[0], "*.sst"))
				if err != nil || len(tables) == 0 {
					t.Errorf("the tables were not kept: %v %v", tables, err)
				}
			})
		}
	}
}

func TestMissingTableCostsNothing(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "precious")
	must(t, q.Close())
	tables, err := filepath.Glob(filepath.Join(dir, "index", "*.sst"))
	must(t, err)
	must(t, os.Remove(tables[0]))
	q, found := reopen(t, dir, Opts{})
	if got := ids(t, q, Any, 9); got != "precious" || found.Rebuilt == "" || len(found.SetAside) != 1 {
		t.Errorf("waiting %q, found %+v", got, found)
	}
}

func TestEmptyFilesOfACutAreRemoved(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "kept")
	must(t, q.Close())
	must(t, os.WriteFile(filepath.Join(dir, "index", "00099.mem"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "index", "000099.vlog"), nil, 0o600))
	q, found := reopen(t, dir, Opts{})
	if len(found.Removed) != 2 || found.Rebuilt != "" || ids(t, q, Any, 9) != "kept" {
		t.Errorf("found %+v, waiting %q", found, ids(t, q, Any, 9))
	}
}

// A memtable smaller than the one that wrote the index ends the process at every open. Where the settings are lost, the files tell.
func TestMemtableNeverShrinks(t *testing.T) {
	dir := t.TempDir()
	must(t, (&settings{Memtable: 16 << 20}).save(dir))
	q := open(t, dir)
	if got := q.index.db.Opts().MemTableSize; got != 16<<20 {
		t.Errorf("an index written with 16 MiB memtables is opened with %d", got)
	}
	put(t, q, Routine, "a")
	quiet(t, q)
	for name, damage := range map[string]func(path string) error{
		"kept": func(string) error { return nil }, "missing": os.Remove, "damaged": func(path string) error { return os.Truncate(path, 9) },
	} {
		t.Run("settings "+name, func(t *testing.T) {
			killed := filepath.Join(t.TempDir(), "killed")
			copyStore(t, dir, killed)
			must(t, damage(filepath.Join(killed, "queue.json")))
			q, found := reopen(t, killed, Opts{})
			if got := q.index.db.Opts().MemTableSize; got < 16<<20 || found.Rebuilt != "" {
				t.Errorf("opened with %d, found %+v", got, found)
			}
			if got := ids(t, q, Any, 9); got != "a" {
				t.Errorf("waiting %q", got)
			}
		})
	}
}

// The power goes while Badger opens its files, or Badger ends the process: the next start of the same boot does not try it again.
func TestProcessThatDiedInTheIndex(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "a")
	must(t, q.Close())
	mark := filepath.Join(dir, "index.opening")
	must(t, os.WriteFile(mark, []byte("another boot"), 0o600))
	q, found := reopen(t, dir, Opts{})
	if found.Rebuilt != "" {
		t.Errorf("after a power cut: %+v", found)
	}
	must(t, q.Close())
	must(t, os.WriteFile(mark, []byte(bootID()), 0o600))
	q, found = reopen(t, dir, Opts{})
	if found.Rebuilt == "" || ids(t, q, Any, 9) != "a" {
		t.Errorf("after a crash: %+v", found)
	}
}

// A flipped bit never comes out as a payload. It is named once, and the queue goes on.
func TestDamagedItemIsNamedAndNeverReturned(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "good", "bad", "fine")
	seq := seqOf(t, q, "bad")
	_, at := q.register.get(seq)
	f, err := os.OpenFile(q.journal.path(at.segment), os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte{0xff}, int64(at.offset)+entryHead+itemHead+5)
	must(t, errors.Join(err, f.Close()))
	must(t, inWriter(t, q, q.checkpoint))
	if got := ids(t, q, Any, 9); got != "good fine" {
		t.Errorf("waiting %q", got)
	}
	want := fmt.Sprintf("item %d, id bad", seq)
	if got := q.Damaged(); len(got) != 1 || got[0] != want {
		t.Errorf("damaged %q, want %q", got, want)
	}
	must(t, q.Close())
	q, _ = reopen(t, dir, Opts{})
	if got := ids(t, q, Any, 9); got != "good fine" {
		t.Errorf("waiting after reopening %q", got)
	}
	if _, state, err := q.Find("bad"); !errors.Is(err, ErrUnknown) {
		t.Errorf("what is lost passes for %q", state)
	}
	put(t, q, Routine, "bad") // whoever has it still may put it again
	if got := ids(t, q, Any, 9); got != "good fine bad" {
		t.Errorf("after putting it again %q", got)
	}
}

// What is lost never passes for delivered, not even when its segment is used again.
func TestLostIsNotDelivered(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	put(t, q, Routine, "lost")
	seq := seqOf(t, q, "lost")
	must(t, q.setAside([]uint64{seq}))
	for range 2 {
		for n := range 80 {
			id := fmt.Sprint(q.LastSeq(), "-", n)
			put(t, q, Routine, id)
			must(t, q.Ack(t.Context(), seqOf(t, q, id)))
		}
		if _, state, err := q.Find("lost"); !errors.Is(err, ErrUnknown) {
			t.Errorf("what is lost passes for %q (%v)", state, err)
		}
		must(t, q.Close())
		q, _ = reopen(t, dir, small4)
	}
}
