package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

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

// Draining needs room too: guards of 1 to 8 MB have been seen not to suffice.
func TestRoomThatMustBeFree(t *testing.T) {
	q := open(t, t.TempDir())
	_, total, err := freeSpace(q.dir)
	must(t, err)
	if q.opts.Quota != int64(total/2) {
		t.Errorf("without a choice the quota is %d of %d bytes, want half", q.opts.Quota, total)
	}
	var free atomic.Uint64
	q.space = func(string) (uint64, uint64, error) { return free.Load(), 14 << 30, nil }
	for n, c := range []struct {
		free uint64
		full bool
	}{{64 << 20, false}, {32 << 20, false}, {32<<20 - 1, true}, {8 << 20, true}, {0, true}} {
		free.Store(c.free)
		if err := q.Put(t.Context(), fmt.Sprint(n), Routine, []byte("x")); errors.Is(err, ErrFull) != c.full || !c.full && err != nil {
			t.Errorf("with %d bytes free: %v", c.free, err)
		}
		if s := q.Stats(); s.Full >= 1 != c.full && c.free != 32<<20 {
			t.Errorf("with %d bytes free: full is %v", c.free, s.Full)
		}
	}
	must(t, q.Ack(t.Context(), seqOf(t, q, "0")))
	if s := q.Stats(); s.Waiting != 1 || s.Delivered != 1 {
		t.Errorf("after draining on a full disk: %+v", s)
	}
}

// Acknowledgments on a full disk have used the last spare: when there is room again, the next put makes one.
func TestSpareIsMadeWhenThereIsRoomAgain(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	for _, path := range q.journal.spares { // the writer has nothing to do yet
		must(t, os.Remove(path))
	}
	q.journal.spares = nil
	var free atomic.Uint64
	q.space = func(string) (uint64, uint64, error) { return free.Load(), 14 << 30, nil }
	if err := q.Put(t.Context(), "a", Routine, []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	free.Store(1 << 30)
	put(t, q, Routine, "a")
}

// The ballast has blocks of its own, so that giving it up makes room.
func TestBallast(t *testing.T) {
	q := open(t, t.TempDir())
	if size, room := allocated(t, q.ballast()); size != ballastSize || room < size {
		t.Errorf("the ballast has %d bytes, and %d on the disk", size, room)
	}
	free := uint64(indexFree)
	q.space = func(string) (uint64, uint64, error) { return free, 14 << 30, nil }
	must(t, q.giveBallast())
	allocated(t, q.ballast())
	free--
	must(t, q.giveBallast())
	if _, err := os.Stat(q.ballast()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("on a full disk the ballast is kept: %v", err)
	}
	must(t, q.giveBallast())
}

// TestDiskFilledBySomebodyElse fills a small real file system while puts go on.
func TestDiskFilledBySomebodyElse(t *testing.T) {
	if os.Getuid() != 0 && os.Getenv("CI") != "true" {
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
	allocated(t, filepath.Join(mnt, "queue", "ballast"))
	q, found, err := Open(filepath.Join(mnt, "queue"), Opts{}) // the disk is full still
	must(t, err)
	if _, err := os.Stat(q.ballast()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the disk is full and the ballast is kept: %v", err)
	}
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
