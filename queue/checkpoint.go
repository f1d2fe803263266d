package queue

import (
	"fmt"
	"maps"
	"time"
)

// maxRemembered is how many delivered ids stay known at most.
const maxRemembered = 200_000

// checkpoint brings the index up to the journal. nil means that the index has it on stable storage, or that it was left alone: without
// room, a mapped write would end the process.
func (q *Queue) checkpoint() error {
	if !q.indexable() {
		return nil
	}
	if q.index == nil { // there was no room at Open
		if err := q.openIndex(&Recovery{}); err != nil {
			return err
		}
	}
	s := q.saving()
	if err := q.index.save(s); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.covered = s.mark
	maps.DeleteFunc(q.ids.fresh, func(id string, seq uint64) bool { return s.put[id] == seq })
	maps.DeleteFunc(q.ids.done, func(seq uint64, _ string) bool { return s.done[seq] != "" })
	return nil
}

// saving gathers what the index lacks.
func (q *Queue) saving() *saving {
	now := q.run.now()
	s := &saving{
		mark: checkpoint{
			Frame: q.journal.next - 1, Segment: q.journal.active(), Last: q.last, Run: uint64(now / time.Second), Remembered: q.covered.Remembered,
		},
		put: maps.Clone(q.ids.fresh), done: maps.Clone(q.ids.done), pages: map[uint64][]byte{}, remarks: map[uint64][]byte{},
		forgetDue: func(run time.Duration, remembered int) bool {
			return run+q.opts.Remember <= now || remembered > q.opts.known
		},
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.register.prune(q.last)
	for i, p := range q.register.pages {
		if n := q.register.first + uint64(i); p != nil && q.register.dirty[n] {
			s.pages[n] = p.encode()
		}
	}
	clear(q.register.dirty)
	for n := range q.index.pages {
		if !q.register.has(n) {
			s.pages[n] = nil
		}
	}
	for seq, m := range q.remarks {
		if m.dirty {
			s.remarks[seq] = m.encode()
			m.dirty = false
		}
	}
	for seq := range q.index.notes {
		if q.remarks[seq] == nil {
			s.remarks[seq] = nil
		}
	}
	return s
}
