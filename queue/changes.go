package queue

import (
	"fmt"
	"time"
)

// The changes that a write makes. Each checks before it adds entries, so that a refused one leaves the others of its frame alone.

func (q *Queue) put(t *tx, id string, lane Lane, payload []byte) error {
	if t.ids[id] {
		return nil
	}
	known, err := q.number(id)
	if s, _ := q.register.get(known); err != nil || known > 0 && s != lost {
		return err
	}
	seq := t.last + 1
	pos := t.add(kindPut, encodeItem(Item{Seq: seq, ID: id, Lane: lane, Payload: payload, Put: time.Now()}))
	t.last, t.ids[id] = seq, true
	t.after = append(t.after, func(base place) {
		q.ids.fresh[id] = seq
		q.stand(seq, waitingIn(lane), place{base.segment, base.offset + pos})
	})
	return nil
}

func (q *Queue) note(t *tx, seq uint64, note []byte) error {
	if s, _ := q.register.get(seq); !s.live() {
		return fmt.Errorf("note on %d: %w", seq, ErrUnknown)
	}
	t.add(kindNote, u64(seq), note)
	t.after = append(t.after, func(place) { q.remark(seq).note = append([]byte{}, note...) })
	return nil
}

// ack adds one entry for all that are not delivered yet.
func (q *Queue) ack(t *tx, seqs []uint64) error {
	var body []byte
	for _, seq := range seqs {
		s, at := q.register.get(seq)
		if !s.live() {
			continue
		}
		it, err := q.fetch(seq, at) // for its id: a put of the same id must stay a no-op
		if err != nil {
			return fmt.Errorf("acknowledge %d: %w", seq, err)
		}
		body = append(body, u64(seq)...)
		t.after = append(t.after, func(place) {
			if now, at := q.register.get(seq); now.live() {
				q.stand(seq, delivered, at)
				q.ids.done[seq] = it.ID
			}
		})
	}
	if len(body) > 0 {
		t.add(kindAck, body)
	}
	return nil
}

func (q *Queue) park(t *tx, seq uint64, why string) error {
	if s, _ := q.register.get(seq); !s.live() {
		return fmt.Errorf("park %d: %w", seq, ErrUnknown)
	}
	t.add(kindPark, u64(seq), []byte(why))
	t.after = append(t.after, func(place) {
		q.remark(seq).why = why
		if s, at := q.register.get(seq); s.waits() {
			q.stand(seq, s.park(), at)
		}
	})
	return nil
}

func (q *Queue) release(t *tx, seq uint64) error {
	if s, _ := q.register.get(seq); !s.parked() {
		return fmt.Errorf("release %d: %w: only a parked item can be released", seq, ErrUnknown)
	}
	t.add(kindRelease, u64(seq))
	t.after = append(t.after, func(place) {
		q.remark(seq).why = ""
		if s, at := q.register.get(seq); s.parked() {
			q.stand(seq, s.release(), at)
		}
	})
	return nil
}
