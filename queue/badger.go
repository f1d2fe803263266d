package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// options are the settings that survive power cuts and stay small: every write synced, every value in the tree, no compression and no
// encryption, next to no cache. A value log would have to be collected, and collecting it brings deleted keys back. The largest value is a
// note with a reason, twice MaxPayload; Badger allows at most 15% of the memtable and 1 MiB.
func options(dir string, memtable int64) badger.Options {
	return badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true).WithMetricsEnabled(false).WithDetectConflicts(false).
		WithMemTableSize(memtable).WithNumMemtables(2).WithValueThreshold(min(memtable/7, 1<<20)).WithValueLogFileSize(1 << 20).
		WithBlockCacheSize(0).WithIndexCacheSize(0).WithCompression(0).WithNumCompactors(2).
		WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(6)
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
