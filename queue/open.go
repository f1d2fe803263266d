package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
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
	if err := q.open(&found); err != nil {
		q.abandon()
		return nil, found, fmt.Errorf("open queue: %w", err)
	}
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

// ourMemtable is the index's memtable that this version asks for, in bytes.
const ourMemtable = 1 << 20

// settings are kept beside the data: a memtable smaller than the one that wrote the index makes it unreadable, and which segments there
// should be tells when one is missing.
type settings struct {
	Memtable int64    `json:"memtable"`
	Oldest   uint32   `json:"oldest"`            // segment
	Newest   uint32   `json:"newest"`            // segment
	Missing  []uint32 `json:"missing,omitempty"` // segments between them whose loss was told
}

// load reads the settings. Damaged ones are set aside; the files tell what is needed.
func (s *settings) load(dir string, found *Recovery) error {
	path := filepath.Join(dir, "queue.json")
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case s.decode(raw) != nil:
		*s = settings{}
		if err := found.setAside(path); err != nil {
			return err
		}
	}
	if s.Memtable > 0 {
		return nil
	}
	if s.Memtable, err = largestWAL(filepath.Join(dir, "index")); err != nil {
		return err
	}
	return s.save(dir)
}

// largestWAL is a memtable that no write-ahead log there needs more than, and at least ours.
func largestWAL(index string) (int64, error) {
	logs, err := filepath.Glob(filepath.Join(index, "*.mem"))
	largest := int64(ourMemtable)
	for _, path := range logs {
		if info, err := os.Stat(path); err == nil {
			largest = max(largest, info.Size())
		}
	}
	return largest, err
}

func (s *settings) save(dir string) error {
	raw, err := s.encode()
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, "queue.json"), raw)
}

// encode is the JSON, and in a second line its crc32c in hexadecimal: a flipped digit must not let segments go.
func (s *settings) encode() ([]byte, error) {
	raw, err := json.Marshal(s)
	return fmt.Appendf(raw, "\n%08x\n", crc32.Checksum(raw, castagnoli)), err
}

func (s *settings) decode(b []byte) error {
	raw, sum, _ := strings.Cut(string(b), "\n")
	if sum != fmt.Sprintf("%08x\n", crc32.Checksum([]byte(raw), castagnoli)) {
		return errDamaged
	}
	return json.Unmarshal([]byte(raw), s)
}

// openIndex opens Badger on files that were looked at first. What it cannot have is set aside and built again from the journal.
func (q *Queue) openIndex(found *Recovery) error {
	if !q.indexable() {
		found.Rebuilt = "the disk is nearly full: the index was left alone"
		return nil
	}
	dir, mark := filepath.Join(q.dir, "index"), filepath.Join(q.dir, "index.opening")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	died := sameBoot(mark)
	removed, err := precheck(dir, died || small(dir))
	found.Removed = append(found.Removed, removed...)
	if died && err == nil {
		err = errors.New("the process ended while it was opened")
	}
	if err == nil {
		err = os.WriteFile(mark, []byte(bootID()), 0o600)
	}
	if err == nil {
		err = q.openBadger(dir)
	}
	if err != nil && strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return fmt.Errorf("%s is in use by another process: stop it first", dir)
	}
	if err != nil {
		found.Rebuilt = "index: " + err.Error()
		if err := errors.Join(found.setAside(dir), os.MkdirAll(dir, 0o700)); err != nil {
			return err
		}
		if err := q.openBadger(dir); err != nil {
			return err
		}
	}
	if err := os.Remove(mark); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (q *Queue) openBadger(dir string) error {
	db, err := badger.Open(options(dir, q.settings.Memtable))
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.index = newIndex(db)
	return nil
}

// known is the index, for whoever is not the writer.
func (q *Queue) known() *index {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.index
}

// sameBoot says whether the mark is there and of this boot: then a process has died, and not the power.
func sameBoot(mark string) bool {
	raw, err := os.ReadFile(mark)
	return err == nil && len(raw) > 0 && string(raw) == bootID()
}

// bootID is the kernel's, or empty where it cannot be read.
func bootID() string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// small says whether a folder's files may all be read at each Open.
func small(dir string) bool {
	files, err := os.ReadDir(dir)
	total := int64(0)
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			total += info.Size()
		}
	}
	return err == nil && total < thoroughBelow
}
