package queue

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// However many are delivered and however often the power goes, only so many ids stay known.
func TestRememberedIDsAreBounded(t *testing.T) {
	dir := t.TempDir()
	o := Opts{segment: 4 * blockSize, known: 20}
	for life := range 5 {
		q, _ := reopen(t, dir, o)
		for n := range 30 {
			id := fmt.Sprint(life, "-", n)
			put(t, q, Routine, id)
			must(t, q.Ack(t.Context(), seqOf(t, q, id)))
		}
		quiet(t, q)
		killed := filepath.Join(t.TempDir(), "killed")
		copyStore(t, dir, killed)
		must(t, q.Close())
		dir = killed
	}
	q, _ := reopen(t, dir, o)
	quiet(t, q)
	must(t, inWriter(t, q, q.checkpoint)) // counts the last life's
	must(t, inWriter(t, q, q.checkpoint)) // and lets the oldest go
	known := 0
	must(t, q.index.each([]byte{'r'}, func([]byte, []byte) error { known++; return nil }))
	if known > o.known {
		t.Errorf("%d ids are known of 150 delivered, at most %d wanted", known, o.known)
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
		must(t, inWriter(t, q, q.checkpoint))
		must(t, inWriter(t, q, func() error { q.run.before += d; return nil }))
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

// The process ends before the next checkpoint says what was let go: what was delivered is no loss then, and its id stays known.
func TestLetGoIsNotLost(t *testing.T) {
	dir := t.TempDir()
	q, _ := reopen(t, dir, small4)
	for n := range 30 {
		put(t, q, Routine, fmt.Sprint("waits-", n))
	}
	for n := range 80 {
		id := fmt.Sprint("gone-", n)
		put(t, q, Routine, id)
		must(t, q.Ack(t.Context(), seqOf(t, q, id)))
	}
	quiet(t, q)
	killed := filepath.Join(t.TempDir(), "killed")
	copyStore(t, dir, killed)
	again, _ := reopen(t, killed, small4)
	all, err := again.List(Delivered, 1000)
	must(t, err)
	if n := q.Stats().Delivered; len(all) != n || len(again.Damaged()) > 0 {
		t.Errorf("%d delivered, want %d; damaged %q", len(all), n, again.Damaged())
	}
	for n := range 80 {
		put(t, again, Routine, fmt.Sprint("gone-", n))
	}
	if s := again.Stats(); s.Waiting != 30 {
		t.Errorf("%d waiting, want 30: what was delivered is not known any more", s.Waiting)
	}
}

// An item that was delivered and cannot be read is put anew: when its first life is forgotten, the id stays known for the second.
func TestForgettingSparesWhatWasPutAnew(t *testing.T) {
	q, _ := reopen(t, t.TempDir(), Opts{Remember: time.Hour})
	put(t, q, Routine, "a")
	seq := seqOf(t, q, "a")
	must(t, q.Ack(t.Context(), seq))
	must(t, inWriter(t, q, q.checkpoint))
	must(t, q.setAside([]uint64{seq}))
	put(t, q, Routine, "a")
	must(t, inWriter(t, q, q.checkpoint))
	must(t, inWriter(t, q, func() error { q.run.before += 2 * time.Hour; return nil }))
	must(t, inWriter(t, q, q.checkpoint))
	must(t, q.index.each([]byte{'a'}, func(key, _ []byte) error { return fmt.Errorf("%q is not forgotten", key) }))
	put(t, q, Routine, "a")
	if s := q.Stats(); s.Waiting != 1 {
		t.Errorf("%d waiting, want the one that was put anew", s.Waiting)
	}
}
