package queue

import (
	"errors"
	"fmt"
	"slices"
)

// kept is how many segments of delivered items stay for review when there is room.
const kept = 8

// reclaim lets the oldest segments go, one after another, while the journal is much larger than what is still needed. What is needed in
// them is written again at the front first, so an old item never holds a whole journal. Delivered items in them are history, and end here.
func (q *Queue) reclaim() error {
	for q.tooLong() && q.journal.segments[0].number < q.covered.Segment {
		if err := q.moveOn(q.journal.segments[0]); err != nil {
			return err
		}
		q.settings.Oldest = q.journal.segments[1].number
		q.settings.Missing = slices.DeleteFunc(q.settings.Missing, func(n uint32) bool { return n < q.settings.Oldest })
		if err := q.settings.save(q.dir); err != nil { // first, or the next Open would miss the segment
			return err
		}
		if err := q.retire(); err != nil {
			return err
		}
	}
	return nil
}

// tooLong weighs the journal against what is live in it: history is trimmed first when room is short.
func (q *Queue) tooLong() bool {
	n := len(q.journal.segments)
	need := int(q.journal.live()/q.journal.size) + 1
	if q.short() {
		return n > need+1 && n > 2
	}
	return n > 2*need+kept
}

// short says whether room is getting short, well before Put is refused.
func (q *Queue) short() bool { return q.full() >= 0.75 }

// moveOn writes what is live in the oldest segment again. nil means that it is on stable storage at its new place.
func (q *Queue) moveOn(s *segment) error {
	if s.live == 0 {
		return nil
	}
	var seqs []uint64
	q.register.each(func(seq uint64, st standing, at place) {
		if st.live() && at.segment == s.number {
			seqs = append(seqs, seq)
		}
	})
	return q.rewrite(seqs)
}

// rewrite writes items with their standing anew, a frame for as many as fit.
func (q *Queue) rewrite(seqs []uint64) error {
	for len(seqs) > 0 {
		t := q.begin()
		n := 0
		for n < len(seqs) && len(t.buf) < batchBytes {
			if err := q.restate(t, seqs[n]); err != nil {
				return err
			}
			n++
		}
		if err := q.commitFrame(t); err != nil {
			return err
		}
		seqs = seqs[n:]
	}
	return nil
}

// restate adds entries that say all there is to say of an item.
func (q *Queue) restate(t *tx, seq uint64) error {
	s, at := q.register.get(seq)
	switch {
	case s == delivered || s == gone:
		t.add(kindAck, u64(seq))
		return nil
	case s == lost:
		t.add(kindLost, u64(seq))
		return nil
	}
	it, err := q.fetch(seq, at)
	if err != nil && !errors.Is(err, errDamaged) {
		return err
	}
	if err != nil {
		t.add(kindLost, u64(seq))
		t.after = append(t.after, func(place) { q.lose(seq) })
		return nil
	}
	pos := t.add(kindPut, encodeItem(it))
	t.after = append(t.after, func(base place) {
		now, _ := q.register.get(seq)
		q.stand(seq, now, place{base.segment, base.offset + pos})
	})
	m := q.remarks[seq]
	if m != nil && m.note != nil {
		t.add(kindNote, u64(seq), m.note)
	}
	if s.parked() {
		t.add(kindPark, u64(seq), []byte(m.reason()))
	} else {
		t.add(kindRelease, u64(seq))
	}
	return nil
}

func (m *remark) reason() string {
	if m == nil || m.why == "" {
		return "no reason given"
	}
	return m.why
}

// retire takes the oldest segment out.
func (q *Queue) retire() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	number := q.journal.segments[0].number
	q.register.each(func(seq uint64, s standing, at place) {
		if at.segment == number && s == delivered {
			q.stand(seq, gone, place{})
		}
	})
	if err := q.journal.retire(); err != nil {
		return fmt.Errorf("reclaim: %w", err)
	}
	return nil
}

// stand says where an item stands now and keeps the counts of the segments. The caller holds mu.
func (q *Queue) stand(seq uint64, s standing, at place) {
	before, was := q.register.get(seq)
	q.journal.find(was.segment).count(before, -1)
	q.journal.find(at.segment).count(s, 1)
	q.register.set(seq, s, at)
	if s == gone {
		delete(q.remarks, seq)
	}
}
