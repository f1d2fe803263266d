package queue

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// unreadable makes a segment's file one of which every read fails as on a card that does not answer, and returns what undoes that.
func unreadable(t *testing.T, path string) (heal func()) {
	t.Helper()
	must(t, os.Rename(path, path+".healthy"))
	must(t, os.Symlink("/proc/self/mem", path)) // nothing is mapped at its front
	_, err := os.ReadFile(path)
	if !errors.Is(err, unix.EIO) {
		t.Fatalf("reading it gives %v", err)
	}
	return func() { must(t, os.Rename(path+".healthy", path)) }
}

// A read that the card does not answer is no loss yet: it is told, and the next Open tries again and decides.
func TestUnansweredReadIsNotALoss(t *testing.T) {
	for name, o := range map[string]Opts{"usual journal": {segment: 4 * blockSize}, "long journal": small4} {
		for _, heals := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, heals %v", name, heals), func(t *testing.T) { unanswered(t, o, heals) })
		}
	}
}

func unanswered(t *testing.T, o Opts, heals bool) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, o)
	for n := range 20 {
		put(t, q, Routine, fmt.Sprint(n))
	}
	quiet(t, q)
	_, at := q.register.get(seqOf(t, q, "5"))
	heal := unreadable(t, q.journal.path(at.segment))
	_, err := q.Next(t.Context(), Any, 99)
	if !errors.Is(err, unix.EIO) || !strings.Contains(err.Error(), "restart") || len(q.Damaged()) > 0 {
		t.Errorf("a read that failed: %v; damaged %q", err, q.Damaged())
	}
	if err := inWriter(t, q, func() error { return q.rewrite([]uint64{20, 6}) }); !errors.Is(err, unix.EIO) {
		t.Errorf("moving on what cannot be read just now: %v", err)
	}
	must(t, q.Close())
	if heals {
		heal()
	}
	for round := range 2 {
		q, found := reopen(t, dir, o)
		got := len(strings.Fields(ids(t, q, Any, 99)))
		switch {
		case heals && (got != 20 || len(found.Damaged) > 0):
			t.Errorf("the card answers again: %d waiting, found %+v", got, found)
		case !heals && (got < 15 || got > 19 || (len(found.Damaged) > 0) != (round == 0)):
			t.Errorf("round %d: %d waiting, found %+v", round, got, found)
		case !heals && round == 0 && !strings.Contains(strings.Join(found.Damaged, ", "), "item 6, id 5"):
			t.Errorf("the loss is not stated by id: %q", found.Damaged)
		}
		must(t, q.Close())
	}
	if left, err := filepath.Glob(filepath.Join(dir, "reread")); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

// At Open it stops nothing: here the item was acknowledged, and the index has not heard of it.
func TestUnansweredReadDoesNotStopOpen(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	for n := range 21 {
		put(t, q, Routine, fmt.Sprint(n))
	}
	quiet(t, q)
	seq := seqOf(t, q, "5")
	must(t, q.Ack(t.Context(), seq))
	_, at := q.register.get(seq)
	if at.segment >= q.covered.Segment || q.journal.next-1 <= q.covered.Frame {
		t.Fatal("the index knows of the acknowledgment, or not of the item: the test proves nothing")
	}
	killed := filepath.Join(t.TempDir(), "killed")
	copyStore(t, dir, killed)
	unreadable(t, (&journal{dir: filepath.Join(killed, "journal")}).path(at.segment))
	q, _ = reopen(t, killed, small4)
	if _, err := q.Next(t.Context(), Any, 99); !errors.Is(err, unix.EIO) {
		t.Errorf("the card does not answer, and next says %v", err)
	}
}

// flaky does not answer for some blocks.
type flaky struct {
	*bytes.Reader
	bad map[int64]bool
}

func (f flaky) ReadAt(b []byte, at int64) (int, error) {
	if f.bad[at/blockSize] {
		return copy(b, "junk"), &os.PathError{Op: "read", Path: "segment", Err: unix.EIO}
	}
	return f.Reader.ReadAt(b, at)
}

func TestOneBadBlockCostsNoOther(t *testing.T) {
	whole := bytes.Repeat([]byte("x"), 3*blockSize+100)
	b, err := readBlocks(flaky{bytes.NewReader(whole), map[int64]bool{1: true}}, 5*blockSize)
	must(t, err)
	want := append([]byte{}, whole...)
	clear(want[blockSize : 2*blockSize])
	if !bytes.Equal(b, want) {
		t.Errorf("%d bytes, %d of them x", len(b), bytes.Count(b, []byte("x")))
	}
}
