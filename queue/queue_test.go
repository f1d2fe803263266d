package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("QUEUE_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"),
		// An Open that Badger refuses leaves these behind.
		goleak.IgnoreTopFunction("github.com/dgraph-io/badger/v4.(*DB).monitorCache"),
		goleak.IgnoreTopFunction("github.com/dgraph-io/ristretto/v2/z.(*AllocatorPool).freeupAllocators"))
}

func open(t testing.TB, dir string) *Queue {
	t.Helper()
	q, _ := reopen(t, dir, Opts{})
	return q
}

func reopen(t testing.TB, dir string, o Opts) (*Queue, Recovery) {
	t.Helper()
	q, found, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q, found
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put puts an item whose payload tells its id.
func put(t testing.TB, q *Queue, lane Lane, ids ...string) {
	t.Helper()
	for _, id := range ids {
		must(t, q.Put(t.Context(), id, lane, []byte("payload of "+id)))
	}
}

// ids are what Next would give, or "" when it would wait.
func ids(t testing.TB, q *Queue, lane Lane, max int) string {
	t.Helper()
	seqs, _ := q.upcoming(lane, max)
	items, err := q.load(seqs)
	must(t, err)
	var all []string
	for _, it := range items {
		all = append(all, it.ID)
	}
	return strings.Join(all, " ")
}

func seqOf(t testing.TB, q *Queue, id string) uint64 {
	t.Helper()
	it, _, err := q.Find(id)
	must(t, err)
	return it.Seq
}

func TestOrder(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "r1", "r2")
	put(t, q, Urgent, "u1")
	floor := q.LastSeq() + 1
	put(t, q, Routine, "r3", "r4")
	put(t, q, Urgent, "u2")
	for lane, want := range map[Lane]string{Urgent: "u1 u2", Routine: "r1 r2 r3 r4", Any: "u1 u2 r1 r2 r3 r4"} {
		if got := ids(t, q, lane, 9); got != want {
			t.Errorf("lane %d: %q, want %q", lane, got, want)
		}
	}
	q.SetFloor(floor)
	if got, want := ids(t, q, Any, 9), "u1 u2 r3 r4 r1 r2"; got != want {
		t.Errorf("what came since the link is back goes before the backlog: %q, want %q", got, want)
	}
	if got, want := ids(t, q, Any, 3), "u1 u2 r3"; got != want {
		t.Errorf("at most three: %q, want %q", got, want)
	}
}

func TestSurvivesReopen(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "waits", "acked", "parked")
	must(t, q.Note(t.Context(), seqOf(t, q, "waits"), []byte("sent at noon")))
	must(t, q.Ack(t.Context(), seqOf(t, q, "acked")))
	must(t, q.Park(t.Context(), seqOf(t, q, "parked"), "rule 7"))
	must(t, q.Close())
	q, found := reopen(t, dir, Opts{})
	if found.Waiting != 1 || found.Parked != 1 || found.Delivered != 1 {
		t.Errorf("recovery %+v, want one of each", found)
	}
	it, state, err := q.Find("waits")
	if err != nil || state != Waiting || string(it.Payload) != "payload of waits" || string(it.Note) != "sent at noon" {
		t.Errorf("waits: %+v %s %v", it, state, err)
	}
	it, state, err = q.Find("parked")
	if err != nil || state != Parked || it.Parked != "rule 7" {
		t.Errorf("parked: %+v %s %v", it, state, err)
	}
	if got := ids(t, q, Any, 9); got != "waits" {
		t.Errorf("waiting are %q", got)
	}
}

func TestSameIDIsANoOp(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	put(t, q, Routine, "waits", "acked", "parked")
	must(t, q.Ack(t.Context(), seqOf(t, q, "acked")))
	must(t, q.Park(t.Context(), seqOf(t, q, "parked"), "x"))
	for range 2 {
		put(t, q, Urgent, "waits", "acked", "parked")
		if s := q.Stats(); s.Waiting != 1 || s.Urgent != 0 || s.Parked != 1 || s.Delivered != 1 {
			t.Errorf("after putting again: %+v", s)
		}
		must(t, q.Close())
		q = open(t, dir)
	}
}

func TestReleaseKeepsThePlace(t *testing.T) {
	q := open(t, t.TempDir())
	put(t, q, Routine, "a", "b", "c")
	b := seqOf(t, q, "b")
	must(t, q.Park(t.Context(), b, "why"))
	if got := ids(t, q, Any, 9); got != "a c" {
		t.Errorf("while parked: %q", got)
	}
	must(t, q.Release(t.Context(), b))
	if got := ids(t, q, Any, 9); got != "a b c" {
		t.Errorf("after release: %q", got)
	}
	if err := q.Release(t.Context(), b); !errors.Is(err, ErrUnknown) {
		t.Errorf("releasing what waits: %v", err)
	}
}

func TestNextWaits(t *testing.T) {
	q := open(t, t.TempDir())
	got := make(chan string, 1)
	go func() {
		items, err := q.Next(context.Background(), Any, 1)
		got <- fmt.Sprint(len(items), err)
	}()
	put(t, q, Routine, "late")
	if g := <-got; g != "1 <nil>" {
		t.Errorf("a waiting Next got %s", g)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Next(ctx, Urgent, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Next: %v", err)
	}
}

func TestCloseEndsWaiting(t *testing.T) {
	q := open(t, t.TempDir())
	got := make(chan error, 1)
	go func() {
		_, err := q.Next(context.Background(), Any, 1)
		got <- err
	}()
	must(t, q.Close())
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Errorf("Next on a closed queue: %v", err)
	}
	if err := q.Put(t.Context(), "x", Routine, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Put on a closed queue: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	q := open(t, t.TempDir())
	cases := map[string]error{
		"too large":    q.Put(t.Context(), "big", Routine, make([]byte, MaxPayload+1)),
		"no id":        q.Put(t.Context(), "", Routine, nil),
		"lane any":     q.Put(t.Context(), "x", Any, nil),
		"unknown note": q.Note(t.Context(), 99, nil),
		"unknown park": q.Park(t.Context(), 99, "x"),
	}
	for name, err := range cases {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if s := q.Stats(); s.Waiting != 0 {
		t.Errorf("a refusal left %d items", s.Waiting)
	}
	must(t, q.Ack(t.Context(), 99)) // idempotent: nothing to do
}

func TestFullDiskIsRefusedBeforeDamage(t *testing.T) {
	q := open(t, t.TempDir())
	var free atomic.Uint64
	free.Store(1 << 30)
	q.space = func(string) (uint64, uint64, error) { return free.Load(), 14 << 30, nil }
	put(t, q, Routine, "before")
	free.Store(3 << 20)
	err := q.Put(t.Context(), "refused", Routine, []byte("x"))
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "3 MB free of 14336 MB") {
		t.Errorf("on a full disk: %v", err)
	}
	must(t, q.Ack(t.Context(), seqOf(t, q, "before"))) // draining goes on
	free.Store(1 << 30)
	put(t, q, Routine, "refused")
	if got := ids(t, q, Any, 9); got != "refused" {
		t.Errorf("after room was made: %q", got)
	}
}

// What was delivered is found as delivered at every moment, also while the segment that has it is let go.
func TestFindWhileSegmentsAreLetGo(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), small4)
	const all = 400
	var delivered atomic.Int64
	failed := make(chan error, 1)
	go func() {
		for n := range all {
			id := fmt.Sprint(n)
			err := q.Put(t.Context(), id, Routine, []byte(id))
			it, _, found := q.Find(id)
			if err := errors.Join(err, found, q.Ack(t.Context(), it.Seq)); err != nil {
				failed <- err
				return
			}
			delivered.Add(1)
		}
	}()
	for n := int64(0); n < all && len(failed) == 0; {
		n = delivered.Load()
		for i := max(0, n-80); i < n; i++ {
			if _, state, err := q.Find(fmt.Sprint(i)); err != nil || state != Delivered {
				t.Fatalf("item %d is %q (%v)", i, state, err)
			}
		}
	}
	select {
	case err := <-failed:
		t.Error(err)
	default:
	}
}
