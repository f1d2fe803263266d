package queue

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestCheckpointCutBetweenTransactions takes the power after each transaction of a checkpoint that needs several. The index is good each
// time: nothing is lost, nothing comes back, and ids whose items the journal no longer has stay known.
func TestCheckpointCutBetweenTransactions(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, Opts{whole: 1})
	bulk(t, q, "before", manyItems)
	bulk(t, q, "after", manyItems)
	must(t, q.Close())
	for n, of := 1, 2; n <= of; n++ {
		cut := filepath.Join(t.TempDir(), "cut")
		copyStore(t, dir, cut)
		of = checkpointCut(t, cut, n)
		q, found := reopen(t, cut, Opts{whole: 1})
		if found.Rebuilt != "" || len(found.Damaged) > 0 {
			t.Errorf("after transaction %d of %d: %+v", n, of, found)
		}
		check(t, q, n)
		must(t, q.checkpoint())
		must(t, q.Close())
		q, found = reopen(t, cut, Opts{whole: 1})
		if found.Rebuilt != "" {
			t.Errorf("after the next checkpoint: %+v", found)
		}
		check(t, q, n)
		must(t, q.Close())
	}
}

// checkpointCut acknowledges something, does so many transactions of a checkpoint in which every page changes, and lets the power go. It
// returns how many there are.
func checkpointCut(t *testing.T, dir string, n int) int {
	t.Helper()
	q, _, err := Open(dir, Opts{whole: 1})
	must(t, err)
	must(t, q.Ack(t.Context(), seqOf(t, q, "after-0"), seqOf(t, q, "after-1"), seqOf(t, q, "after-2")))
	quiet(t, q)
	for i := range q.register.pages {
		q.register.dirty[q.register.first+uint64(i)] = true // as after a long drain
	}
	steps, err := q.index.steps(q.saving())
	must(t, err)
	if len(steps) < 3 {
		t.Fatalf("the checkpoint has only %d transactions", len(steps))
	}
	for _, step := range steps[:n] {
		must(t, q.index.apply(step))
	}
	close(q.stop)
	<-q.idle
	q.abandon()
	return len(steps)
}

// manyItems fill more pages of the register than one transaction takes.
const manyItems = 8 << 10

// bulk puts items and acknowledges every second one, so that many pages of the register change.
func bulk(t *testing.T, q *Queue, name string, n int) {
	t.Helper()
	done := make(chan error, n)
	for i := range n {
		go func() { done <- q.Put(t.Context(), fmt.Sprint(name, "-", i), Routine, []byte("x")) }()
	}
	for range n {
		must(t, <-done)
	}
	items, err := q.List(Waiting, 1<<20)
	must(t, err)
	var seqs []uint64
	for i, it := range items {
		if i%2 == 0 {
			seqs = append(seqs, it.Seq)
		}
	}
	must(t, q.Ack(t.Context(), seqs...))
}

func check(t *testing.T, q *Queue, step int) {
	t.Helper()
	s := q.Stats()
	if s.Waiting+s.Delivered != 2*manyItems || s.Waiting > manyItems*3/4 { // half waits, then half of that and of as many more
		t.Errorf("after transaction %d: %d wait, %d are delivered", step, s.Waiting, s.Delivered)
	}
	for i := range 3 {
		if _, state, err := q.Find(fmt.Sprint("after-", i)); err != nil || state != Delivered {
			t.Errorf("after transaction %d: after-%d is %s: %v", step, i, state, err)
		}
	}
	for i := 0; i < manyItems; i += 37 {
		for _, name := range []string{"before", "after"} {
			if _, _, err := q.Find(fmt.Sprint(name, "-", i)); err != nil {
				t.Fatalf("after transaction %d: %s-%d: %v", step, name, i, err)
			}
		}
	}
}
