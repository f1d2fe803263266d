package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// runTime is how long this queue was ever open: what earlier runs added up, and this one.
type runTime struct {
	before time.Duration
	since  time.Time
}

func (r runTime) now() time.Duration { return r.before + time.Since(r.since) }

// Open opens the queue in dir, making it when it is not there. Whatever a power cut or a failing card has left, it ends with a queue that
// has everything that can be read, and Recovery says what could not; or with an error that says what to do: another process has it, the
// disk is full, the folder cannot be written.
func Open(dir string, o Opts) (*Queue, Recovery, error) {
	var found Recovery
	if o.Remember == 0 {
		o.Remember = 30 * 24 * time.Hour
	}
	if o.segment == 0 {
		o.segment = segmentSize
	}
	if o.known == 0 {
		o.known = maxRemembered
	}
	if o.whole == 0 {
		o.whole = usualWhole
	}
	q := &Queue{
		dir: dir, opts: o, space: freeSpace, writes: make(chan *write, batchWrites), stop: make(chan struct{}), idle: make(chan struct{}),
		journal: &journal{dir: filepath.Join(dir, "journal"), size: o.segment, flush: fdatasync}, register: newRegister(), remarks: map[uint64]*remark{},
		ids: pending{fresh: map[string]uint64{}, done: map[uint64]string{}}, changed: make(chan struct{}),
	}
	if o.NoFlush {
		q.journal.flush = func(*os.File) error { return nil }
	}
	q.opening = true
	if err := q.open(&found); err != nil {
		q.abandon()
		return nil, found, fmt.Errorf("open queue: %w", err)
	}
	q.opening = false
	go q.writer()
	return q, found, nil
}

func (q *Queue) open(found *Recovery) error {
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(q.dir)); err != nil {
		return err
	}
	if err := q.lockDir(); err != nil {
		return err
	}
	if err := q.setQuota(); err != nil {
		return err
	}
	if err := q.giveBallast(); err != nil {
		return err
	}
	if err := q.settings.load(q.dir, found); err != nil {
		return err
	}
	if err := q.openIndex(found); err != nil {
		return err
	}
	if err := q.journal.list(); err != nil {
		return err
	}
	return q.recover(found)
}

// abandon lets go of what a failed Open holds.
func (q *Queue) abandon() {
	// What failed is told already; that letting go fails too adds nothing to it.
	_ = errors.Join(q.index.close(), q.journal.close())
	if q.lock != nil {
		_ = q.lock.Close()
	}
}

// lockDir refuses a second process. The lock dies with its process.
func (q *Queue) lockDir() (err error) {
	if q.lock, err = os.OpenFile(filepath.Join(q.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(q.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s is in use by another process: stop it first", q.dir)
	}
	return nil
}

func (q *Queue) setQuota() error {
	_, total, err := q.space(q.dir)
	if q.opts.Quota == 0 {
		q.opts.Quota = int64(total / 2)
	}
	return err
}
