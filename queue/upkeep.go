package queue

import "errors"

// upkeep follows a batch that began a segment: the index learns what the journal has, old segments are let go, and a spare is made ready.
// What cannot be done because room is short is tried again with the next segment.
func (q *Queue) upkeep() error {
	if q.failed != nil {
		return q.failed
	}
	if q.journal.active() == q.tended {
		if q.short() && q.tooLong() {
			return q.ifRoom(q.tidy())
		}
		return nil
	}
	q.tended = q.journal.active()
	q.settings.Newest = q.tended
	err := q.settings.save(q.dir)
	if err == nil {
		err = q.tidy()
	}
	return q.ifRoom(err)
}

// ifRoom passes over what failed because room is short.
func (q *Queue) ifRoom(err error) error {
	if err = q.noRoom(err); errors.Is(err, ErrFull) {
		return nil
	}
	return err
}

// tidy lets go of what is not needed.
func (q *Queue) tidy() error {
	if err := q.checkpoint(); err != nil {
		return err
	}
	if err := q.reclaim(); err != nil {
		return err
	}
	return q.restock()
}

// restock keeps a spare ready while there is room for them.
func (q *Queue) restock() error {
	free, _, err := q.space(q.dir)
	if err != nil || free < minFree || len(q.journal.spares) >= keptSpares-1 {
		return err
	}
	path, err := q.journal.spare() // without the lock: it takes as long as writing a segment
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.journal.spares = append(q.journal.spares, path)
	return nil
}
