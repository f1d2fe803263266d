// Package live gives the newest state to many watchers. It is the path that drops: a watcher that is slow misses what came in between
// and sees the newest; a writer never waits. What must not be lost goes through the queue instead.
package live

import "sync"

// Board holds the newest T. The zero Board holds the zero T. It is safe for concurrent use.
type Board[T any] struct {
	mu      sync.Mutex
	value   T
	changed chan struct{}
}

// Set replaces the value and wakes whoever waits for a change. It never blocks.
func (b *Board[T]) Set(v T) { b.Update(func(T) T { return v }) }

// Update replaces the value with what f makes of it, as one step.
func (b *Board[T]) Update(f func(T) T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.value = f(b.value)
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// Get returns the newest value and a channel that is closed at the next change.
func (b *Board[T]) Get() (T, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.value, b.changed
}
