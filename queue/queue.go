package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Lane says how soon an item goes.
type Lane uint8

// The lanes. Any is for Next only: urgent, then routine from the floor on, then the routine backlog.
const (
	Urgent Lane = iota + 1
	Routine
	Any
)

// State is where an item stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Parked    State = "parked"
	Delivered State = "delivered"
)

// Item is one entry.
type Item struct {
	Seq     uint64 // order of Put; never used twice
	ID      string
	Lane    Lane
	Payload []byte
	Note    []byte    // nil when there is none
	Parked  string    // why, when it is parked
	Put     time.Time // wall clock at Put, for people only
}

// Opts are the choices; the zero value works.
type Opts struct {
	Remember time.Duration // ids stay known after Ack this long; 0 is 30 days of running time
	Quota    int64         // bytes on disk above which Put returns ErrFull; 0 is half of the disk
	NoFlush  bool          // nothing is flushed, and a power cut loses what was promised: for proving that the power-cut rig sees it

	segment int64 // bytes; 0 is usual. Tests want small ones
	known   int   // delivered ids that stay known at most; 0 is usual
	whole   int   // segments, up to which a journal is read whole at each Open although the index covers it; 0 is usual
}

// Stats counts what is there.
type Stats struct {
	Waiting, Urgent, Parked, Delivered int
	Damaged                            int       // could not be read, at Open and since; Damaged names them
	OldestPut                          time.Time // of the oldest waiting item; zero when none waits
	Bytes                              int64     // on disk
	Full                               float64   // 0 is empty; from 1 on Put returns ErrFull: the larger of the quota's use and the disk's shortage
}

// Errors that callers act on.
var (
	ErrFull     = errors.New("disk full")
	ErrClosed   = errors.New("queue is closed")
	ErrTooLarge = errors.New("payload too large")
	ErrUnknown  = errors.New("no such item")
)

// MaxPayload is the largest payload in bytes.
const MaxPayload = 64 << 10

// Queue is the queue. It is safe for concurrent use.
type Queue struct {
	dir      string
	opts     Opts
	lock     *os.File
	settings settings
	run      runTime
	space    func(dir string) (free, total uint64, err error)
	writes   chan *write
	opening  bool          // Open has not returned
	stop     chan struct{} // closed by Close
	idle     chan struct{} // closed when the writer has ended

	once     sync.Once
	closeErr error

	// Only the writer changes these, under mu; so it reads them without.
	mu       sync.Mutex
	journal  *journal
	register *register
	remarks  map[uint64]*remark
	ids      pending
	last     uint64
	damaged  []string
	index    *index
	changed  chan struct{} // closed when something may have become available
	floor    uint64        // of anybody

	// Only the writer uses these.
	covered  checkpoint // what the index has
	stranded []uint64   // items that Open found to be lost
	tended   uint32     // the segment up to which upkeep is done
	failed   error      // nothing more is written
}

// Put stores an item. nil means that it is on stable storage. The same id again, waiting, parked or delivered, changes nothing and
// returns nil. Errors: ErrTooLarge, ErrFull (nothing was written), ErrClosed.
func (q *Queue) Put(ctx context.Context, id string, lane Lane, payload []byte) error {
	switch {
	case id == "" || len(id) > 255:
		return fmt.Errorf("put: id has %d bytes, want 1 to 255", len(id))
	case lane != Urgent && lane != Routine:
		return fmt.Errorf("put %s: lane %d, want urgent or routine", id, lane)
	case len(payload) > MaxPayload:
		return fmt.Errorf("put %s: %w: %d bytes, at most %d", id, ErrTooLarge, len(payload), MaxPayload)
	}
	return q.do(ctx, &write{needsRoom: true, size: len(payload) + 600, apply: func(tx *tx) error { return q.put(tx, id, lane, payload) }})
}

// Next returns up to max waiting items of a lane, oldest first, and leaves them where they are. It waits until there is one, ctx ends, or
// the queue is closed (ErrClosed).
func (q *Queue) Next(ctx context.Context, lane Lane, max int) ([]Item, error) {
	for {
		seqs, changed := q.upcoming(lane, max)
		items, err := q.load(seqs)
		if err != nil || len(items) > 0 {
			return items, err
		}
		if len(seqs) > 0 {
			continue // all of them damaged and set aside by load
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.stop:
			return nil, ErrClosed
		}
	}
}

// SetFloor lets routine items numbered seq or higher go before older ones. 0 is no floor. It is not durable.
func (q *Queue) SetFloor(seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.floor = seq
}

// LastSeq is the highest sequence number given so far.
func (q *Queue) LastSeq() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

// Note puts a small remark on a waiting or parked item, in place of an earlier one. nil means that it is on stable storage.
func (q *Queue) Note(ctx context.Context, seq uint64, note []byte) error {
	if len(note) > MaxPayload {
		return fmt.Errorf("note on %d: %w: %d bytes, at most %d", seq, ErrTooLarge, len(note), MaxPayload)
	}
	return q.do(ctx, &write{size: len(note) + 100, apply: func(tx *tx) error { return q.note(tx, seq, note) }})
}

// Ack says that items are delivered. nil means that this is on stable storage, for all of them in one write. Numbers that are not waiting
// or parked are passed over, so it may be repeated.
func (q *Queue) Ack(ctx context.Context, seqs ...uint64) error {
	for part := range slices.Chunk(seqs, 1000) {
		if err := q.do(ctx, &write{size: 8 * len(part), canWait: true, apply: func(tx *tx) error { return q.ack(tx, part) }}); err != nil {
			return err
		}
	}
	return nil
}

// Park takes a waiting item out of the way and keeps it with the reason. nil means that this is on stable storage.
func (q *Queue) Park(ctx context.Context, seq uint64, why string) error {
	if len(why) > MaxPayload {
		return fmt.Errorf("park %d: %w: the reason has %d bytes, at most %d", seq, ErrTooLarge, len(why), MaxPayload)
	}
	return q.do(ctx, &write{size: len(why) + 100, apply: func(tx *tx) error { return q.park(tx, seq, why) }})
}

// Release lets a parked item wait again, at its old place. nil means that this is on stable storage.
func (q *Queue) Release(ctx context.Context, seq uint64) error {
	return q.do(ctx, &write{size: 100, apply: func(tx *tx) error { return q.release(tx, seq) }})
}

// Stats counts what is there now.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	n := &q.register.count
	s := Stats{
		Waiting: n[waitingUrgent] + n[waitingRoutine], Urgent: n[waitingUrgent], Parked: n[parkedUrgent] + n[parkedRoutine],
		Delivered: n[delivered], Damaged: len(q.damaged), Full: q.full(),
		Bytes: int64(len(q.journal.segments)+len(q.journal.spares)) * q.journal.size,
	}
	oldest := q.oldest()
	q.mu.Unlock()
	if items, err := q.load(oldest); err == nil && len(items) > 0 {
		s.OldestPut = items[0].Put
	}
	return s
}

// Close ends every waiting call with ErrClosed, brings the index up to date and closes the store. It may be repeated.
func (q *Queue) Close() error {
	q.once.Do(func() {
		close(q.stop)
		<-q.idle
		q.closeErr = errors.Join(q.finish(), q.index.close(), q.journal.close(), q.lock.Close())
	})
	return q.closeErr
}

// finish writes the last checkpoint. After a failure there is none: the next Open reads the journal.
func (q *Queue) finish() error {
	if q.failed != nil {
		return nil
	}
	return q.checkpoint()
}
