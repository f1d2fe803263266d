package queue

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// load reads items. One that cannot be read is set aside, named in Damaged and left out.
func (q *Queue) load(seqs []uint64) ([]Item, error) {
	if err := q.closed(); err != nil {
		return nil, err
	}
	var items []Item
	var damaged []uint64
	for _, seq := range seqs {
		it, err := q.item(seq)
		switch {
		case errors.Is(err, errDamaged):
			damaged = append(damaged, seq)
		case errors.Is(err, ErrUnknown):
		case err != nil:
			return nil, fmt.Errorf("read item %d: %w", seq, err)
		default:
			items = append(items, it)
		}
	}
	if len(damaged) == 0 {
		return items, nil
	}
	return items, q.setAside(damaged)
}

// closed returns ErrClosed once Close was called.
func (q *Queue) closed() error {
	select {
	case <-q.stop:
		return ErrClosed
	default:
		return nil
	}
}

// item reads one item with what stands beside it. It may move while it is read; then it is read again.
func (q *Queue) item(seq uint64) (Item, error) {
	for {
		q.mu.Lock()
		s, at := q.register.get(seq)
		var m remark
		if beside := q.remarks[seq]; beside != nil {
			m = *beside
		}
		q.mu.Unlock()
		if s == gone || s == lost {
			return Item{}, ErrUnknown
		}
		it, err := q.fetch(seq, at)
		q.mu.Lock()
		_, now := q.register.get(seq)
		q.mu.Unlock()
		if now != at {
			continue
		}
		if err != nil {
			return Item{}, err
		}
		it.Note = m.note
		if s.parked() {
			it.Parked = m.reason()
		}
		return it, nil
	}
}

// usualEntry is read at once; few items are larger.
const usualEntry = 4096

// fetch reads an item's contents from the journal.
func (q *Queue) fetch(seq uint64, at place) (Item, error) {
	f, err := os.Open(q.journal.path(at.segment))
	if errors.Is(err, os.ErrNotExist) {
		return Item{}, errDamaged
	}
	if err != nil {
		return Item{}, q.unanswered(at.segment, err)
	}
	defer f.Close()
	for _, size := range []int{usualEntry, entryHead + maxEntry} {
		b := make([]byte, size)
		n, err := f.ReadAt(b, int64(at.offset))
		if err != nil && !errors.Is(err, io.EOF) {
			return Item{}, q.unanswered(at.segment, err)
		}
		if e, _, ok := parseEntry(b[:n]); ok && e.kind == kindPut && e.seq() == seq {
			return e.item(), nil
		}
	}
	return Item{}, errDamaged
}

// unanswered is about a read that failed, which is no word on what the card has. The next Open reads the whole journal and decides.
func (q *Queue) unanswered(segment uint32, err error) error {
	switch {
	case !noAnswer(err):
		return fmt.Errorf("segment %d: %w", segment, err)
	case q.opening:
		return errors.Join(errDamaged, err)
	}
	err = errors.Join(err, os.WriteFile(q.reread(), nil, 0o600))
	return fmt.Errorf("segment %d: %w: the card does not answer: restart, and replace the card if it comes again", segment, err)
}

// noAnswer says whether it is the card that failed, or the file system on it.
func noAnswer(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EUCLEAN) || errors.Is(err, unix.EBADMSG)
}

// reread is the mark that the journal is to be read whole.
func (q *Queue) reread() string { return filepath.Join(q.dir, "reread") }

// List returns up to max items of a state, oldest first. Of delivered ones, those whose contents are still kept.
func (q *Queue) List(s State, max int) ([]Item, error) {
	of := map[State][]standing{
		Waiting: {waitingUrgent, waitingRoutine}, Parked: {parkedUrgent, parkedRoutine}, Delivered: {delivered},
	}[s]
	if of == nil {
		return nil, fmt.Errorf("list: no state %q: say waiting, parked or delivered", s)
	}
	q.mu.Lock()
	var seqs []uint64
	for _, st := range of {
		seqs = q.register.find(seqs, st, 0, q.last+1, len(seqs)+max)
	}
	q.mu.Unlock()
	slices.Sort(seqs)
	return q.load(seqs[:min(max, len(seqs))])
}

// Find returns the item of that id and where it stands. Of an item that was delivered and whose contents are no longer kept only the
// number and the id are told. ErrUnknown when it was never put, is no longer remembered, or cannot be read.
func (q *Queue) Find(id string) (Item, State, error) {
	if err := q.closed(); err != nil {
		return Item{}, "", err
	}
	seq, err := q.number(id)
	if err != nil {
		return Item{}, "", err
	}
	s := q.standing(seq)
	items, err := q.load([]uint64{seq})
	if err != nil {
		return Item{}, "", err
	}
	if len(items) == 0 && seq > 0 && q.standing(seq) == gone { // which may have happened only now
		return Item{Seq: seq, ID: id}, Delivered, nil
	}
	if len(items) == 0 {
		return Item{}, "", fmt.Errorf("find %s: %w", id, ErrUnknown)
	}
	return items[0], s.state(), nil
}

func (q *Queue) standing(seq uint64) standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, _ := q.register.get(seq)
	return s
}

// number is under which number an id was put, or 0.
func (q *Queue) number(id string) (uint64, error) {
	q.mu.Lock()
	seq, fresh := q.ids.fresh[id]
	q.mu.Unlock()
	if fresh {
		return seq, nil
	}
	return q.known().seqOf(id)
}

func (s standing) state() State {
	switch {
	case s.waits():
		return Waiting
	case s.parked():
		return Parked
	}
	return Delivered
}

// Damaged names what could not be read, at Open and since.
func (q *Queue) Damaged() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.damaged)
}

// upcoming returns the numbers that go next, and the channel that is closed when that may have changed.
func (q *Queue) upcoming(lane Lane, max int) ([]uint64, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var seqs []uint64
	if lane != Routine {
		seqs = q.register.find(seqs, waitingUrgent, 0, q.last+1, max)
	}
	if lane != Urgent {
		seqs = q.register.find(seqs, waitingRoutine, q.floor, q.last+1, max)
		seqs = q.register.find(seqs, waitingRoutine, 0, q.floor, max)
	}
	return seqs, q.changed
}

// oldest is the lowest waiting number, if any. The caller holds mu.
func (q *Queue) oldest() []uint64 {
	both := append(q.register.find(nil, waitingUrgent, 0, q.last+1, 1), q.register.find(nil, waitingRoutine, 0, q.last+1, 1)...)
	slices.Sort(both)
	return both[:min(1, len(both))]
}

// wake tells everybody who waits to look again. The caller holds mu.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}
