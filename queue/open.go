package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// Recovery says what Open found.
type Recovery struct {
	Waiting   int      `json:"waiting"`
	Parked    int      `json:"parked"`
	Delivered int      `json:"delivered"`
	Damaged   []string `json:"damaged,omitempty"` // items set aside: their number, and their id where it can still be told
	Removed   []string `json:"removed,omitempty"` // empty files that a power cut left
}

// Open opens the queue in dir, making it when it is not there. It refuses a second process, a store whose MANIFEST is gone while tables
// are there (opening it would delete them), and a disk without room to work; each error says what to do.
func Open(dir string, o Opts) (*Queue, Recovery, error) {
	var found Recovery
	if o.Keep == 0 {
		o.Keep = 7 * 24 * time.Hour
	}
	if o.Remember == 0 {
		o.Remember = 30 * 24 * time.Hour
	}
	o.Remember = max(o.Remember, o.Keep) // an item that is kept must stay marked as delivered
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, found, fmt.Errorf("open queue: %w", err)
	}
	if err := inspect(dir, &found); err != nil {
		return nil, found, fmt.Errorf("open queue: %w", err)
	}
	memtable, err := settledMemtable(dir)
	if err != nil {
		return nil, found, fmt.Errorf("open queue: %w", err)
	}
	db, err := badger.Open(options(dir, memtable))
	if err != nil {
		return nil, found, openError(dir, err)
	}
	q := &Queue{
		db: db, dir: dir, opts: o, space: freeSpace, writes: make(chan *write, batchWrites), stop: make(chan struct{}),
		idle: make(chan struct{}), lanes: map[Lane]*order{Urgent: {}, Routine: {}}, parked: map[uint64]bool{}, changed: make(chan struct{}),
	}
	if err := q.recover(&found); err != nil {
		return nil, found, errors.Join(fmt.Errorf("open queue: %w", err), db.Close())
	}
	go q.writer()
	return q, found, nil
}

// options are the settings that survive power cuts and stay small: every write synced, every value in the tree (a value log would have to
// be collected, and collecting it brings deleted keys back), no cache to speak of, checksums verified when a table is opened.
func options(dir string, memtable int64) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithMetricsEnabled(false).WithDetectConflicts(false).
		WithMemTableSize(memtable).WithNumMemtables(2).WithValueThreshold(128 << 10).WithValueLogFileSize(1 << 20).
		WithBlockCacheSize(1 << 20).WithIndexCacheSize(1 << 20).WithNumCompactors(2).
		WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(6)
}

// ourMemtable is the memtable that this version asks for.
const ourMemtable = 4 << 20

// settings are kept beside the data, because a memtable smaller than the one that wrote the store makes it unreadable.
type settings struct {
	Memtable int64 `json:"memtable"`
}

// settledMemtable returns the larger of the memtable that the store was written with and ours, and keeps it.
func settledMemtable(dir string) (int64, error) {
	path := filepath.Join(dir, "queue.json")
	var s settings
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, err
	default:
		if err := json.Unmarshal(raw, &s); err != nil {
			return 0, fmt.Errorf("%s is damaged: write {\"memtable\":67108864} into it and start again", path)
		}
	}
	if s.Memtable >= ourMemtable {
		return s.Memtable, nil
	}
	if raw, err = json.Marshal(settings{Memtable: ourMemtable}); err != nil {
		return 0, err
	}
	return ourMemtable, writeSynced(path, raw)
}

// writeSynced writes a file so that a power cut leaves the old or the new one.
func writeSynced(path string, raw []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// inspect looks at the files before Badger does: it removes empty ones that a cut left, and refuses what Badger would make worse.
func inspect(dir string, found *Recovery) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	tables, manifest := 0, false
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		ext := filepath.Ext(e.Name())
		manifest = manifest || (e.Name() == "MANIFEST" && info.Size() > 0)
		if ext == ".sst" {
			tables++
		}
		if info.Size() == 0 && (ext == ".mem" || ext == ".vlog") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
			found.Removed = append(found.Removed, e.Name())
		}
	}
	if tables > 0 && !manifest {
		return fmt.Errorf("%s has %d tables and no MANIFEST: it was not opened, because that would delete them: "+
			"move the folder aside, keep it for recovery, and start again with an empty one", dir, tables)
	}
	return nil
}

func openError(dir string, err error) error {
	if strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return fmt.Errorf("open queue: %s is in use by another process: stop it first", dir)
	}
	if free, total, e := freeSpace(dir); e == nil && free < minFree {
		return fmt.Errorf("open queue: %w (%d MB free of %d MB): free space or replace the card: %w", ErrFull, free>>20, total>>20, err)
	}
	return fmt.Errorf("open queue: %w: nothing was changed: move %s aside, keep it for recovery, and start again", err, dir)
}

func freeSpace(dir string) (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}
