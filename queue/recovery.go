package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Recovery says what Open found.
type Recovery struct {
	Waiting    int      `json:"waiting"`
	Parked     int      `json:"parked"`
	Delivered  int      `json:"delivered"`            // whose contents are still kept
	Damaged    []string `json:"damaged,omitempty"`    // what is lost: items with their number, and their id where it is known; frames; segments
	Unfinished string   `json:"unfinished,omitempty"` // the last write was cut: usual after a power cut, and no loss
	Rebuilt    string   `json:"rebuilt,omitempty"`    // why the index was built anew; ids of items that the journal no longer has are forgotten then
	Removed    []string `json:"removed,omitempty"`    // empty files that a power cut left
	SetAside   []string `json:"setAside,omitempty"`   // what was damaged, kept for whoever wants to look, under a dated name
}

// usualWhole is how many segments are read at each Open although the index covers them: so damage in a usual journal is found at once.
const usualWhole = kept + 4

// recover builds the register from index and journal, deals with damage, and makes the journal ready for writing.
func (q *Queue) recover(found *Recovery) error {
	indexed, err := q.readIndex(found)
	if err != nil {
		return err
	}
	r, err := q.readJournal(indexed)
	if err != nil {
		return err
	}
	if err := q.resume(r); err != nil {
		return err
	}
	if err := q.tell(r, found); err != nil {
		return err
	}
	return q.ready(found)
}

// readIndex takes what the index has. One that does not hang together is set aside.
func (q *Queue) readIndex(found *Recovery) (indexed *register, err error) {
	indexed = newRegister()
	mark, ok, err := q.index.load(indexed, q.remarks)
	if err == nil {
		q.covered = mark
		if !ok {
			return nil, nil
		}
		return indexed, nil
	}
	found.Rebuilt = "index: " + err.Error()
	clear(q.remarks)
	dir := filepath.Join(q.dir, "index")
	if err := errors.Join(q.index.close(), found.setAside(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, err
	}
	return nil, q.openBadger(dir)
}

// readJournal reads what the index does not cover, or all of a usual journal.
func (q *Queue) readJournal(indexed *register) (*replay, error) {
	if err := q.missing(); err != nil {
		return nil, err
	}
	r := &replay{q: q, touched: map[uint64]bool{}, done: map[uint64]bool{}}
	segments := q.journal.segments
	if indexed != nil && len(segments) > q.whole() && q.journal.find(q.covered.Segment) != nil {
		q.take(indexed)
		r.after, r.highest = q.covered.Frame, q.covered.Last
		segments = segments[slices.Index(segments, q.journal.find(q.covered.Segment)):]
		indexed = nil
	} else {
		clear(q.remarks)
	}
	if err := q.replay(r, segments); err != nil {
		return nil, err
	}
	q.strand(r, indexed)
	return r, q.remember(r.acked)
}

// whole is up to how many segments all are read: after a read that the card did not answer, all.
func (q *Queue) whole() int {
	if _, err := os.Stat(q.reread()); err == nil {
		return math.MaxInt
	}
	return q.opts.whole
}

// replay reads segments in order. They never have less than their size, whatever a power cut does, so one that has is damaged.
func (q *Queue) replay(r *replay, segments []*segment) error {
	gap := false
	for i, s := range segments {
		b, short, err := q.journal.read(s.number)
		if err != nil {
			return err
		}
		r.segment(s.number, b, gap || i > 0 && s.number > segments[i-1].number+1)
		if gap = short > 0; gap {
			q.damaged = append(q.damaged, fmt.Sprintf("segment %d: %d of its %d bytes are missing", s.number, short, q.journal.size))
			if err := os.Truncate(q.journal.path(s.number), q.journal.size); err != nil {
				return err
			}
		}
	}
	if n := len(segments); n > 0 {
		r.behind(segments[n-1].number, gap || segments[n-1].number < q.newest())
	}
	return nil
}

// remember notes the ids of items that were delivered since the last checkpoint, so that they can be forgotten when it is time.
func (q *Queue) remember(seqs []uint64) error {
	for _, seq := range seqs {
		if s, at := q.register.get(seq); s == delivered {
			it, err := q.fetch(seq, at)
			if errors.Is(err, errDamaged) {
				continue
			}
			if err != nil {
				return err
			}
			q.ids.done[seq] = it.ID
		}
	}
	return nil
}

// take makes the index's register the queue's. Delivered items may have been let go since.
func (q *Queue) take(indexed *register) {
	q.register = indexed
	indexed.each(func(seq uint64, s standing, at place) {
		in := q.journal.find(at.segment)
		if s == delivered && in == nil {
			indexed.set(seq, gone, place{})
		}
		in.count(s, 1)
	})
}

// newest is the highest segment number that was ever used, as far as anybody knows.
func (q *Queue) newest() uint32 {
	newest := max(q.settings.Newest, q.covered.Segment)
	if n := len(q.journal.segments); n > 0 {
		newest = max(newest, q.journal.segments[n-1].number)
	}
	return newest
}

// resume makes the journal ready for the next frame: behind the last one, or in a new segment when the newest is missing.
func (q *Queue) resume(r *replay) error {
	q.last = max(r.highest, q.covered.Last)
	q.journal.next = max(r.expect, q.covered.Frame+1)
	q.run = runTime{before: time.Duration(max(r.run, q.covered.Run)) * time.Second, since: time.Now()}
	newest := q.newest()
	if len(q.journal.segments) == 0 || q.journal.active() < newest {
		return q.noRoom(q.journal.extend(newest + 1))
	}
	first := r.first
	if first == 0 {
		first = q.journal.next
	}
	return q.journal.resume(r.end, first)
}

// ready does what is better done before the first write than after it.
func (q *Queue) ready(found *Recovery) error {
	q.tended = q.journal.active()
	q.settings.Newest, q.settings.Oldest = q.tended, q.journal.segments[0].number
	if err := q.settings.save(q.dir); err != nil {
		return q.noRoom(err)
	}
	if found.Rebuilt != "" || q.covered.Segment != q.tended || len(q.damaged) > 0 {
		if err := q.checkpoint(); err != nil {
			return err
		}
	}
	if err := os.Remove(q.reread()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := errors.Join(q.restock(), q.takeBallast()); err != nil {
		return q.noRoom(err)
	}
	n := &q.register.count
	found.Waiting, found.Parked = n[waitingUrgent]+n[waitingRoutine], n[parkedUrgent]+n[parkedRoutine]
	found.Delivered, found.Damaged = n[delivered], q.damaged
	return nil
}
