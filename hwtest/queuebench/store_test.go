package main

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nabz/queue"
)

// eachStore runs a test for every store that is compared.
func eachStore(t *testing.T, f func(t *testing.T, name, dir string)) {
	for _, name := range storeNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, name, t.TempDir())
		})
	}
}

func open(t *testing.T, name, dir string) store {
	t.Helper()
	s, err := openStore(name, dir)
	must(t, err)
	return s
}

// waiting returns up to most ids that wait; there must be at least one.
func waiting(t *testing.T, s store, most int) (ids []string) {
	t.Helper()
	items, err := s.next(t.Context(), most)
	must(t, err)
	for _, it := range items {
		ids = append(ids, it.id)
	}
	return ids
}

func put(t *testing.T, s store, id string, lane queue.Lane) {
	t.Helper()
	must(t, s.put(t.Context(), record{id, lane, []byte("payload of " + id)}))
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStoreKeepsAndRemoves(t *testing.T) {
	eachStore(t, func(t *testing.T, name, dir string) {
		s := open(t, name, dir)
		for _, id := range []string{"a", "b", "c"} {
			put(t, s, id, queue.Routine)
		}
		put(t, s, "u", queue.Urgent)
		put(t, s, "b", queue.Routine) // waits already
		want(t, "urgent first, then in order", waiting(t, s, 10), []string{"u", "a", "b", "c"})
		want(t, "no more than asked for", waiting(t, s, 2), []string{"u", "a"})

		items, err := s.next(t.Context(), 3)
		must(t, err)
		want(t, "payload", string(items[2].payload), "payload of b")
		must(t, s.ack(t.Context(), items[0].seq, items[2].seq))
		must(t, s.ack(t.Context(), items[0].seq)) // again
		want(t, "after ack", waiting(t, s, 10), []string{"a", "c"})
		must(t, s.close())

		s = open(t, name, dir)
		want(t, "after reopening", waiting(t, s, 10), []string{"a", "c"})
		put(t, s, "d", queue.Routine)
		want(t, "a new one goes last", waiting(t, s, 10), []string{"a", "c", "d"})
		must(t, drain(t.Context(), s, 3, 2))
		put(t, s, "e", queue.Routine)
		want(t, "after drain", waiting(t, s, 10), []string{"e"})
		must(t, s.close())
	})
}

func TestNextWaitsForAPut(t *testing.T) {
	eachStore(t, func(t *testing.T, name, dir string) {
		s := open(t, name, dir)
		got := make(chan []entry)
		go func() {
			items, err := s.next(t.Context(), 5)
			if err != nil {
				t.Error(err)
			}
			got <- items
		}()
		put(t, s, "a", queue.Routine)
		want(t, "items", len(<-got), 1)

		must(t, drain(t.Context(), s, 1, 1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if items, err := s.next(ctx, 5); err == nil {
			t.Errorf("next of an empty store returned %v after its context ended", items)
		}
		must(t, s.close())
	})
}

func TestEveryWriterIsHeard(t *testing.T) {
	const writers, each = 16, 20
	eachStore(t, func(t *testing.T, name, dir string) {
		s := open(t, name, dir)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if err := s.put(t.Context(), record{fmt.Sprint(w, "-", i), queue.Routine, makeRecord(0).payload}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		seen := map[string]bool{}
		for _, id := range waiting(t, s, 2*writers*each) {
			seen[id] = true
		}
		want(t, "different items", len(seen), writers*each)
		must(t, s.close())
	})
}

func TestChildren(t *testing.T) {
	eachStore(t, func(t *testing.T, name, dir string) {
		c := child{store: name, dir: dir, count: 30}
		if r, err := c.do(t.Context(), "fill"); err != nil || r.PerSec <= 0 {
			t.Fatalf("fill: %+v, %v", r, err)
		}
		one := c
		one.from = 30
		must(t, one.putAndKill(t.Context()))
		r, err := c.do(t.Context(), "open")
		must(t, err)
		if r.Open <= 0 || r.First <= 0 || r.Resident < 1000 {
			t.Errorf("open: %+v", r)
		}
		s := open(t, name, dir)
		want(t, "items after a kill", len(waiting(t, s, 100)), 31)
		must(t, s.close())

		c.count = 31
		_, err = c.do(t.Context(), "drain")
		must(t, err)
		s = open(t, name, dir)
		put(t, s, "last", queue.Routine)
		want(t, "after drain", waiting(t, s, 100), []string{"last"})
		must(t, s.close())
	})
}
