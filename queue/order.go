package queue

import "slices"

// order is the waiting numbers of one lane, ascending.
type order struct{ seqs []uint64 }

func (o *order) len() int { return len(o.seqs) }

func (o *order) add(seq uint64) {
	if n := len(o.seqs); n == 0 || o.seqs[n-1] < seq {
		o.seqs = append(o.seqs, seq)
		return
	}
	if i, found := slices.BinarySearch(o.seqs, seq); !found {
		o.seqs = slices.Insert(o.seqs, i, seq)
	}
}

func (o *order) remove(seq uint64) bool {
	i, found := slices.BinarySearch(o.seqs, seq)
	switch {
	case !found:
		return false
	case i == 0:
		o.seqs = o.seqs[1:] // the usual case, and cheap on a deep backlog
	default:
		o.seqs = slices.Delete(o.seqs, i, i+1)
	}
	return true
}

func (o *order) has(seq uint64) bool {
	_, found := slices.BinarySearch(o.seqs, seq)
	return found
}

// from returns up to max numbers beginning at floor, without the ones before it.
func (o *order) from(floor uint64, max int) []uint64 {
	i, _ := slices.BinarySearch(o.seqs, floor)
	return o.seqs[i:min(len(o.seqs), i+max)]
}

// before returns up to max of the numbers below floor.
func (o *order) before(floor uint64, max int) []uint64 {
	i, _ := slices.BinarySearch(o.seqs, floor)
	return o.seqs[:min(i, max)]
}

// upcoming returns the numbers that go next, and the channel that is closed when that may have changed.
func (q *Queue) upcoming(lane Lane, max int) ([]uint64, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var seqs []uint64
	if lane != Routine {
		seqs = append(seqs, q.lanes[Urgent].from(0, max)...)
	}
	if lane != Urgent {
		seqs = append(seqs, q.lanes[Routine].from(q.floor, max-len(seqs))...)
		seqs = append(seqs, q.lanes[Routine].before(q.floor, max-len(seqs))...)
	}
	return seqs, q.changed
}

// oldest is the lowest waiting number, if any. The caller holds mu.
func (q *Queue) oldest() []uint64 {
	var all []uint64
	for _, lane := range []Lane{Urgent, Routine} {
		all = append(all, q.lanes[lane].from(0, 1)...)
	}
	if len(all) == 0 {
		return nil
	}
	return []uint64{slices.Min(all)}
}

// wake tells everybody who waits to look again. The caller holds mu.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}
