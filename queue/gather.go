package queue

import (
	"runtime"
	"time"
)

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
