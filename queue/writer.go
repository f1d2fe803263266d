package queue

import (
	"context"
	"fmt"
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
