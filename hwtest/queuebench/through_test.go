package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a store whose puts and acks take ten milliseconds.
type memory struct {
	*committer
	mu     sync.Mutex
	items  []entry
	given  uint64
	acked  []int // how many in each ack
	broken error
}

func newMemory() *memory {
	m := &memory{}
	m.committer = newCommitter(m.apply)
	return m
}

func (m *memory) apply(all []change) error {
	<-time.After(10 * time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range all {
		for _, r := range w.puts {
			m.given++
			m.items = append(m.items, entry{m.given, r.id, r.payload})
		}
		if len(w.acks) > 0 {
			m.acked = append(m.acked, len(w.acks))
		}
		m.items = slices.DeleteFunc(m.items, func(it entry) bool { return slices.Contains(w.acks, it.seq) })
	}
	return m.broken
}

func (m *memory) next(ctx context.Context, most int) ([]entry, error) {
	return m.await(ctx, func() ([]entry, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Clone(m.items[:min(most, len(m.items))]), nil
	})
}

func (m *memory) close() error {
	m.committer.close()
	return nil
}

func TestWaysBringEveryReadingThrough(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				var numbers atomic.Uint64
				n, err := w.run(t.Context(), m, time.Second, &numbers)
				must(t, err)
				must(t, m.close())
				acked := 0
				for _, a := range m.acked {
					acked += a
				}
				if n != acked || n != int(m.given) || n != int(numbers.Load()) || len(m.items) > 0 || n < 20 {
					t.Errorf("%d readings, %d put, %d acknowledged, %d still wait", n, m.given, acked, len(m.items))
				}
			})
		})
	}
}

func TestBatchesOfSixteen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var numbers atomic.Uint64
		_, err := pipeline(16, 16)(t.Context(), m, time.Second, &numbers)
		must(t, err)
		must(t, m.close())
		for _, a := range m.acked[:len(m.acked)-1] {
			want(t, "items in an ack", a, 16)
		}
	})
}

func TestAFailureEndsTheWork(t *testing.T) {
	for _, w := range ways {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			m.broken = errors.New("disk broke")
			var numbers atomic.Uint64
			if _, err := w.run(t.Context(), m, time.Second, &numbers); !errors.Is(err, m.broken) {
				t.Errorf("%s: got %v", w.name, err)
			}
			must(t, m.close())
		})
	}
}
