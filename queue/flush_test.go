package queue

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// held replaces the journal's flush by one that says when it is asked, with what the file has then, and waits for its outcome.
func held(t *testing.T, q *Queue) (asked chan []byte, outcome chan error) {
	asked, outcome = make(chan []byte, 99), make(chan error, 99)
	t.Cleanup(func() { close(outcome) }) // or Close would wait
	q.journal.flush = func(f *os.File) error {
		b, err := os.ReadFile(f.Name())
		asked <- b
		return errors.Join(err, <-outcome)
	}
	return asked, outcome
}

// Nothing is promised or shown before the flush of what was written, and a flush that fails is told.
func TestPutReturnsAfterTheFlush(t *testing.T) {
	q := open(t, t.TempDir())
	quiet(t, q)
	asked, outcome := held(t, q)
	put := func(id string) chan error {
		done := make(chan error, 1)
		go func() { done <- q.Put(t.Context(), id, Routine, []byte("payload of "+id)) }()
		return done
	}
	done := put("a")
	select {
	case b := <-asked:
		if !bytes.Contains(b, []byte("payload of a")) {
			t.Error("the flush came before the write")
		}
	case err := <-done:
		t.Fatalf("put returned %v, and nothing was flushed", err)
	}
	select {
	case err := <-done:
		t.Fatalf("put returned %v before the flush had", err)
	default:
	}
	if s := q.Stats(); s.Waiting != 0 {
		t.Error("the item is shown before it is on stable storage")
	}
	outcome <- nil
	must(t, <-done)
	done = put("b")
	<-asked
	outcome <- syscall.EIO
	if err := <-done; !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("a flush failed, and put returned %v", err)
	}
	outcome <- nil
	if err := q.Put(t.Context(), "c", Routine, nil); !errors.Is(err, syscall.EIO) {
		t.Errorf("after a flush that failed, put returned %v", err)
	}
}

// A pipe cannot be flushed, so a flush that does not complain of one is none.
func TestFlushAsksTheDisk(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	if err := open(t, t.TempDir()).journal.flush(w); !errors.Is(err, unix.EINVAL) {
		t.Errorf("flushing a pipe: %v", err)
	}
	q, _ := reopen(t, t.TempDir(), Opts{NoFlush: true})
	must(t, q.journal.flush(w))
}

// What waits while a flush is under way shares the next one.
func TestWritersShareAFlush(t *testing.T) {
	q := open(t, t.TempDir())
	quiet(t, q)
	asked, outcome := held(t, q)
	done := make(chan error)
	put := func(id string) { done <- q.Put(t.Context(), id, Routine, []byte("x")) }
	go put("first")
	<-asked
	for n := range 16 {
		go put(fmt.Sprint(n))
	}
	for len(q.writes) < 16 {
		runtime.Gosched()
	}
	for range 17 {
		outcome <- nil
	}
	for range 17 {
		must(t, <-done)
	}
	if len(asked) != 1 {
		t.Errorf("%d flushes for sixteen puts that waited together", len(asked))
	}
}

// Badger writes through mappings: a full disk is a SIGBUS there, and newer kernels write a hundred times what was put. So a put writes into
// a file that has all its blocks already, by its descriptor, and nothing else changes.
func TestPutTouchesNoMappedFile(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "first")
	quiet(t, q)
	active := q.journal.path(q.journal.active())
	before := tree(t, dir)
	for n := range 100 {
		must(t, q.Put(t.Context(), fmt.Sprint(n), Routine, reading))
	}
	quiet(t, q)
	after := tree(t, dir)
	if before[active] == after[active] {
		t.Error("the active segment did not change: the test proves nothing")
	}
	delete(before, active)
	delete(after, active)
	for path := range after {
		if before[path] != after[path] {
			t.Errorf("%s changed with the puts", path)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files, %d before the puts", len(after), len(before))
	}
	for _, path := range append(slices.Clone(q.journal.spares), active) {
		if size, room := allocated(t, path); size != q.journal.size || room < size {
			t.Errorf("%s has %d bytes, and room on the disk for %d: a put must not need any", path, size, room)
		}
	}
	if n := mapped(t, q.journal.dir); n > 0 {
		t.Errorf("%d bytes of the journal are mapped", n)
	}
}

// tree is a sum over each file's contents.
func tree(t *testing.T, dir string) map[string][sha256.Size]byte {
	all := map[string][sha256.Size]byte{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = sha256.Sum256(b)
		return err
	}))
	return all
}

// allocated is a file's size and what the disk keeps for it.
func allocated(t *testing.T, path string) (size, room int64) {
	t.Helper()
	var s unix.Stat_t
	must(t, unix.Stat(path, &s))
	return s.Size, s.Blocks * 512
}

// mapped is how much of a folder's files is mapped into this process.
func mapped(t *testing.T, dir string) (bytes uint64) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if !strings.Contains(line, dir+"/") {
			continue
		}
		_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
		must(t, err)
		bytes += to - from
	}
	return bytes
}
