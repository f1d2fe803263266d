package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// write is one change on its way through the writer.
type write struct {
	apply     func(*tx) error
	size      int  // rough bytes, to bound a frame
	needsRoom bool // refused when the disk is nearly full
	canWait   bool // gladly shares the next put's flush
	done      chan error
}

// tx is the frame that a batch of writes shares. What becomes true with its commit is noted in after.
type tx struct {
	frame uint64
	buf   []byte
	count int
	last  uint64          // highest number given in it
	ids   map[string]bool // put in it
	after []func(place)   // run under the queue's lock once the frame is on stable storage; it is told where the frame stands
}

func (q *Queue) begin() *tx {
	return &tx{frame: q.journal.next, buf: make([]byte, headSize, 4*blockSize), last: q.last, ids: map[string]bool{}}
}

// add adds an entry and returns its offset in the frame.
func (t *tx) add(k kind, body ...[]byte) uint32 {
	pos := len(t.buf)
	t.buf = appendEntry(t.buf, t.frame, k, body...)
	t.count++
	return uint32(pos)
}

// A batch holds at most this much; a segment takes several.
const (
	batchWrites = 256
	batchBytes  = 256 << 10
)

// do sends w through the writer and waits for its commit.
func (q *Queue) do(ctx context.Context, w *write) error {
	w.done = make(chan error, 1)
	select {
	case q.writes <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-q.stop:
		return ErrClosed
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-q.idle:
		select { // the writer's last batch may have held it
		case err := <-w.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// writer owns all changes: it takes what waits as one batch and commits it as one frame.
func (q *Queue) writer() {
	defer close(q.idle)
	held := 1
	for {
		select {
		case w := <-q.writes:
			batch := q.gather(w, held)
			q.commit(batch)
			held = len(batch)
			if err := q.upkeep(); err != nil && q.failed == nil {
				q.failed = fmt.Errorf("%w: the queue is closed to writes: restart", err)
			}
		case <-q.stop:
			return
		}
	}
}

// Waiting for company, well below what a flush takes: writers who were released together come back together, and an acknowledgment that
// rides along with a put costs nothing.
const (
	linger   = 2 * time.Millisecond
	patience = 64 // yields of the processor
)

// gather takes what waits. When the last batch held several, their writers get a moment to come back.
func (q *Queue) gather(first *write, held int) []*write {
	batch, bytes, canWait := []*write{first}, first.size, first.canWait
	for yields := 0; len(batch) < batchWrites && bytes < batchBytes; {
		select {
		case w := <-q.writes:
			batch = append(batch, w)
			bytes += w.size
			canWait = canWait && w.canWait
			continue
		default:
		}
		if len(batch) < held && yields < patience {
			yields++
			runtime.Gosched()
			continue
		}
		if !canWait {
			break
		}
		canWait = false
		if w := q.company(); w != nil {
			batch = append(batch, w)
			bytes += w.size
		}
	}
	return batch
}

// company waits a little for a write.
func (q *Queue) company() *write {
	t := time.NewTimer(linger)
	defer t.Stop()
	select {
	case w := <-q.writes:
		return w
	case <-t.C:
	case <-q.stop:
	}
	return nil
}

func (q *Queue) commit(batch []*write) {
	full := q.checkRoom(batch)
	t := q.begin()
	var good []*write
	for _, w := range batch {
		err := q.failed
		switch {
		case err != nil:
		case w.needsRoom && full != nil:
			err = full
		default:
			err = w.apply(t)
		}
		if err != nil {
			w.done <- err
			continue
		}
		good = append(good, w)
	}
	err := q.commitFrame(t)
	for _, w := range good {
		w.done <- err
	}
}

// commitFrame writes the frame and lets its consequences be seen. An error means that it is not known what the disk has: the queue takes
// nothing more, and the next Open finds out.
func (q *Queue) commitFrame(t *tx) error {
	if t.count == 0 {
		return nil
	}
	if q.failed != nil {
		return q.failed
	}
	if err := q.makeRoom(len(t.buf) - headSize); err != nil {
		return err
	}
	base, err := q.journal.append(t.buf, t.count, uint64(q.run.now()/time.Second))
	if err != nil {
		q.failed = fmt.Errorf("%w: the queue is closed to writes: restart", err)
		return q.failed
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = t.last
	for _, f := range t.after {
		f(base)
	}
	q.wake()
	return nil
}

// makeRoom begins another segment when the frame does not fit. It must come before the frame gets its number: q.roll writes frames too.
func (q *Queue) makeRoom(length int) error {
	if q.journal.fits(length) {
		return nil
	}
	q.mu.Lock()
	err := q.journal.extend(q.journal.active() + 1)
	q.mu.Unlock()
	return q.noRoom(err)
}

// noRoom turns a failure into ErrFull when that is what it is: nothing was written.
func (q *Queue) noRoom(err error) error {
	if err == nil || errors.Is(err, ErrFull) {
		return err
	}
	if free, total, e := q.space(q.dir); e == nil && free < minFree {
		return fmt.Errorf("write: %w (%d MB free of %d MB): free space or replace the card: %w", ErrFull, free>>20, total>>20, err)
	}
	return fmt.Errorf("write: %w", err)
}

// checkRoom says why nothing can be put, when that is so. Before it does, it trims history.
func (q *Queue) checkRoom(batch []*write) error {
	if q.failed != nil || !slices.ContainsFunc(batch, func(w *write) bool { return w.needsRoom }) {
		return nil
	}
	err := q.room()
	if !errors.Is(err, ErrFull) || !q.tooLong() {
		return err
	}
	if err := q.noRoom(q.tidy()); err != nil {
		return err
	}
	return q.room()
}

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
