package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// missing tells of segments that should be there.
func (q *Queue) missing() error {
	for len(q.journal.segments) > 0 && q.journal.segments[0].number < q.settings.Oldest { // the power went as it was let go
		if err := q.journal.retire(); err != nil {
			return err
		}
	}
	if q.settings.Oldest == 0 { // the settings are new
		q.settings.Newest = q.newest()
		q.settings.Oldest = q.settings.Newest
		if len(q.journal.segments) > 0 {
			q.settings.Oldest = q.journal.segments[0].number
		}
	}
	for n := q.settings.Oldest; n > 0 && n <= q.settings.Newest; n++ {
		if q.journal.find(n) == nil && !slices.Contains(q.settings.Missing, n) {
			q.settings.Missing = append(q.settings.Missing, n)
			q.damaged = append(q.damaged, fmt.Sprintf("segment %d is missing", n))
		}
	}
	return nil
}

// strand marks what the register knows to wait and the journal does not have. Where the whole journal was read, indexed is what the index
// knew: it is as new as the journal's segments, so what it has waiting was not delivered and let go since.
func (q *Queue) strand(r *replay, indexed *register) {
	var seqs []uint64
	if indexed == nil {
		q.register.each(func(seq uint64, s standing, at place) {
			if s.live() && q.journal.find(at.segment) == nil {
				seqs = append(seqs, seq)
			}
		})
	} else if q.covered.Segment == q.settings.Newest {
		indexed.each(func(seq uint64, s standing, at place) {
			now, _ := q.register.get(seq)
			switch {
			case s.live() && now == gone && !r.done[seq]:
				seqs = append(seqs, seq)
			case s == lost && now == gone:
				q.stand(seq, lost, place{}) // it was told; it must not pass for delivered
			case s == delivered:
				r.done[seq] = true
			}
		})
	}
	for _, seq := range seqs {
		q.stand(seq, lost, place{})
	}
	q.stranded = seqs
}

// tell states what was lost, and writes what could be read of damaged frames again, so that the next Open need not.
func (q *Queue) tell(r *replay, found *Recovery) error {
	last, unfinished := r.unfinished()
	fresh := r.news()
	t := q.begin()
	names := map[uint64]string{}
	for _, d := range fresh {
		if !d.noFile {
			q.damaged = append(q.damaged, d.String())
			if err := q.copyAside(d.segment, found); err != nil {
				return err
			}
		}
		t.add(kindTold, u64(d.from), u64(d.upto))
		for _, seq := range d.missing {
			if s, _ := q.register.get(seq); s == gone && !r.done[seq] {
				q.stand(seq, lost, place{})
				q.stranded = append(q.stranded, seq)
			}
		}
	}
	if unfinished {
		found.Unfinished = fmt.Sprintf("the last write (frame %d) is not whole: nobody was told that it had succeeded", last.from)
		t.add(kindTold, u64(last.from), u64(last.upto))
	}
	for _, seq := range q.stranded {
		names[seq] = ""
		r.touched[seq] = true
	}
	if err := q.index.name(names); err != nil {
		return err
	}
	for _, seq := range slices.Sorted(maps.Keys(names)) {
		q.damaged = append(q.damaged, lostName(seq, names[seq]))
	}
	if err := q.commitFrame(t); err != nil {
		return err
	}
	return q.rewrite(slices.Sorted(maps.Keys(r.touched)))
}

// setAside marks items as lost, durably, and names them.
func (q *Queue) setAside(seqs []uint64) error {
	names := make(map[uint64]string, len(seqs))
	for _, seq := range seqs {
		names[seq] = ""
	}
	if err := q.known().name(names); err != nil {
		return err
	}
	return q.do(context.Background(), &write{size: 32 * len(seqs), apply: func(t *tx) error {
		for seq, id := range names {
			t.add(kindLost, u64(seq))
			t.after = append(t.after, func(place) {
				if s, _ := q.register.get(seq); s != lost {
					q.lose(seq)
					q.damaged = append(q.damaged, lostName(seq, id))
				}
			})
		}
		return nil
	}})
}

func lostName(seq uint64, id string) string {
	if id == "" {
		id = "unknown"
	}
	return fmt.Sprintf("item %d, id %s", seq, id)
}

// lose notes that an item's contents cannot be read. The caller holds mu.
func (q *Queue) lose(seq uint64) {
	_, at := q.register.get(seq)
	q.stand(seq, lost, at)
}
