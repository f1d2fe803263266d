package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Room that must be there.
const (
	minFree     = 32 << 20 // bytes free on the disk, below which nothing is put
	indexFree   = 16 << 20 // below which the index is left alone: it writes through a mapping, where a full disk kills the process
	ballastSize = 4 << 20  // a file that is given up when the index has to be opened on a full disk
)

func freeSpace(dir string) (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

// full is how near the limit is: the larger of the quota's use and the disk's shortage. 1 is the limit.
func (q *Queue) full() float64 {
	free, _, err := q.space(q.dir)
	if err != nil {
		return 1
	}
	return max(float64(int64(len(q.journal.segments))*q.journal.size)/float64(q.opts.Quota), minFree/float64(max(free, 1)))
}

// room refuses a put before anything is written: on a disk nearly full, at the quota, or when no spare file is left for what makes room.
func (q *Queue) room() error {
	free, total, err := q.space(q.dir)
	if err != nil {
		return fmt.Errorf("put: ask for free space: %w", err)
	}
	switch used := int64(len(q.journal.segments)) * q.journal.size; {
	case free < minFree:
		return fmt.Errorf("put: %w (%d MB free of %d MB, %d needed): free space or replace the card", ErrFull, free>>20, total>>20, minFree>>20)
	case used >= q.opts.Quota:
		return fmt.Errorf("put: %w: the queue has %d MB, its quota: items must be delivered first", ErrFull, used>>20)
	case len(q.journal.spares) == 0:
		return fmt.Errorf("put: %w: no room for another segment: free space or replace the card", ErrFull)
	}
	return nil
}

// indexable says whether there is room to work in the index.
func (q *Queue) indexable() bool {
	free, _, err := q.space(q.dir)
	return err == nil && free >= indexFree
}

func (q *Queue) ballast() string { return filepath.Join(q.dir, "ballast") }

// giveBallast gives the ballast up when the disk is nearly full.
func (q *Queue) giveBallast() error {
	if free, _, err := q.space(q.dir); err != nil || free >= indexFree {
		return err
	}
	if err := os.Remove(q.ballast()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// takeBallast keeps some room for the next Open, when there is plenty.
func (q *Queue) takeBallast() error {
	free, _, err := q.space(q.dir)
	if err != nil || free < 2*minFree {
		return err
	}
	if info, err := os.Stat(q.ballast()); err == nil && info.Size() == ballastSize {
		return nil
	}
	return writeFlushed(q.ballast(), make([]byte, ballastSize))
}

// makeRoom begins another segment when the frame does not fit. It comes before the frame is sealed, whose head names its segment.
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

// checkRoom says why nothing can be put, when that is so. Before it does, it trims history, or makes a spare where there is room again.
func (q *Queue) checkRoom(batch []*write) error {
	if q.failed != nil || !slices.ContainsFunc(batch, func(w *write) bool { return w.needsRoom }) {
		return nil
	}
	err := q.room()
	if !errors.Is(err, ErrFull) {
		return err
	}
	makeRoom := q.restock
	if q.tooLong() {
		makeRoom = q.tidy
	}
	if err := q.noRoom(makeRoom()); err != nil {
		return err
	}
	return q.room()
}
