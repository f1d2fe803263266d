package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small makes segments of four blocks, so that a few items fill many.
var small4 = Opts{segment: 4 * blockSize, whole: 1}

func TestIndexSettings(t *testing.T) {
	o := options(t.TempDir(), ourMemtable)
	switch {
	case !o.SyncWrites:
		t.Error("writes are not synced: a cut loses what was acknowledged")
	case o.ValueThreshold < 9*pageItems+4 || o.ValueThreshold < 255:
		t.Error("some value would go to the value log, whose collection brings deleted keys back")
	case len(o.EncryptionKey) > 0:
		t.Error("Badger's own encryption is on")
	case o.MemTableSize > 4<<20 || o.NumMemtables > 2 || o.BlockCacheSize > 1<<20:
		t.Error("the index takes much memory")
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

// A memtable smaller than the one that wrote the index ends the process at every open.
func TestMemtableNeverShrinks(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "queue.json"), []byte(`{"memtable":8388608}`), 0o600))
	q := open(t, dir)
	if got := q.index.db.Opts().MemTableSize; got != 8<<20 {
		t.Errorf("an index written with 8 MiB memtables is opened with %d", got)
	}
	put(t, q, Routine, "a")
	must(t, q.Close())
	must(t, os.Remove(filepath.Join(dir, "queue.json")))
	q = open(t, dir)
	if got := ids(t, q, Any, 9); got != "a" {
		t.Errorf("waiting %q", got)
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
	must(t, q.checkpoint())
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
}

// Ids stay known for Remember of running time, and no longer; a day in which the kiosk is off does not count.
func TestRemember(t *testing.T) {
	dir := t.TempDir()
	o := Opts{Remember: 3 * time.Hour, segment: 4 * blockSize}
	q, _ := reopen(t, dir, o)
	put(t, q, Routine, "a")
	must(t, q.Ack(t.Context(), seqOf(t, q, "a")))
	older := func(d time.Duration) {
		must(t, q.checkpoint())
		q.run.before += d
		for n := range 60 { // its segment is used again meanwhile
			id := fmt.Sprint(d, n)
			put(t, q, Urgent, id)
			must(t, q.Ack(t.Context(), seqOf(t, q, id)))
		}
		must(t, q.Close())
		q, _ = reopen(t, dir, o)
	}
	older(2 * time.Hour)
	if _, state, err := q.Find("a"); err != nil || state != Delivered {
		t.Errorf("before Remember has passed: %s %v", state, err)
	}
	put(t, q, Routine, "a")
	if s := q.Stats(); s.Waiting != 0 {
		t.Error("the id was forgotten before Remember had passed")
	}
	older(2 * time.Hour)
	put(t, q, Routine, "a")
	if s := q.Stats(); s.Waiting != 1 {
		t.Error("the id is still known after Remember had passed")
	}
}

// Old items do not hold a journal: they move on, and space is used again.
func TestSpaceComesBack(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), small4)
	put(t, q, Routine, "old", "parked")
	must(t, q.Note(t.Context(), seqOf(t, q, "old"), []byte("a note")))
	must(t, q.Park(t.Context(), seqOf(t, q, "parked"), "rule 7"))
	for n := range 200 {
		id := fmt.Sprint("x", n)
		put(t, q, Routine, id)
		must(t, q.Ack(t.Context(), seqOf(t, q, id)))
	}
	quiet(t, q)
	if n := len(q.journal.segments); n > kept+3 {
		t.Errorf("%d segments for two items", n)
	}
	it, _, err := q.Find("old")
	if err != nil || string(it.Payload) != "payload of old" || string(it.Note) != "a note" {
		t.Errorf("old: %+v %v", it, err)
	}
	it, state, err := q.Find("parked")
	if err != nil || state != Parked || it.Parked != "rule 7" || string(it.Payload) != "payload of parked" {
		t.Errorf("parked: %+v %s %v", it, state, err)
	}
}

func TestQuota(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), Opts{segment: 4 * blockSize, Quota: 40 * 4 * blockSize})
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = q.Put(t.Context(), fmt.Sprint(n), Routine, []byte("x"))
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "quota") || n < 100 {
		t.Fatalf("after %d: %v", n, err)
	}
	if s := q.Stats(); s.Full < 1 {
		t.Errorf("full is %v", s.Full)
	}
	for range 2 * kept { // draining frees whole segments
		items, err := q.Next(t.Context(), Any, 20)
		must(t, err)
		for _, it := range items {
			must(t, q.Ack(t.Context(), it.Seq))
		}
		if len(items) < 20 {
			break
		}
	}
	quiet(t, q)
	must(t, q.Put(t.Context(), "again", Routine, []byte("x")))
}

// Everything was delivered, so there is room: nobody has to wait for a segment to fill.
func TestHistoryIsTrimmedBeforePutIsRefused(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), Opts{segment: 64 * blockSize, Quota: 8 * 64 * blockSize})
	var err error
	for n := 0; err == nil; n++ {
		err = q.Put(t.Context(), fmt.Sprint(n), Routine, make([]byte, 20_000))
	}
	if !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	items, err := q.List(Waiting, 1000)
	must(t, err)
	var seqs []uint64
	for _, it := range items {
		seqs = append(seqs, it.Seq)
	}
	must(t, q.Ack(t.Context(), seqs...))
	must(t, q.Put(t.Context(), "room", Routine, []byte("x")))
	if s := q.Stats(); s.Full > 0.75 {
		t.Errorf("full is %v with one item", s.Full)
	}
}

// TestDiskFilledBySomebodyElse fills a small real file system while puts go on.
func TestDiskFilledBySomebodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, 96<<20))
	mnt := filepath.Join(dir, "mnt")
	must(t, os.Mkdir(mnt, 0o700))
	for _, c := range [][]string{{"mke2fs", "-q", "-t", "ext4", "-m", "0", image}, {"mount", "-o", "loop", image, mnt}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", c, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mnt).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	filler := filepath.Join(mnt, "filler")
	promised := fillWhilePutting(t, filepath.Join(mnt, "queue"), filler)
	q, found, err := Open(filepath.Join(mnt, "queue"), Opts{}) // the disk is full still
	must(t, err)
	for _, id := range promised {
		if _, state, err := q.Find(id); err != nil || state != Waiting && state != Delivered {
			t.Errorf("%s was promised: %s %v (%+v)", id, state, err, found)
		}
	}
	if err := q.Put(t.Context(), "no room", Routine, []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("put on a full disk: %v", err)
	}
	must(t, os.Remove(filler))
	must(t, q.Put(t.Context(), "room again", Routine, []byte("x")))
	must(t, q.Close())
}

// fillWhilePutting puts and acknowledges until ErrFull, and goes on acknowledging then.
func fillWhilePutting(t *testing.T, dir, filler string) (promised []string) {
	q, _, err := Open(dir, Opts{})
	must(t, err)
	full := make(chan error)
	begin := make(chan struct{})
	go func() {
		<-begin
		full <- fill(filler)
	}()
	for n := 0; ; n++ {
		id := fmt.Sprint("id-", n)
		err := q.Put(context.Background(), id, Routine, make([]byte, 3000))
		if errors.Is(err, ErrFull) {
			break
		}
		must(t, err)
		if promised = append(promised, id); n == 50 {
			close(begin)
		}
	}
	must(t, <-full)
	for _, id := range promised[:len(promised)/2] {
		it, _, err := q.Find(id)
		must(t, err)
		must(t, q.Ack(t.Context(), it.Seq))
	}
	must(t, q.Close())
	return promised
}

// fill takes all the room that there is.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	if !strings.Contains(err.Error(), "no space") {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
