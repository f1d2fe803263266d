package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keptAside is how many damaged files and folders are kept; beyond them the oldest goes.
const keptAside = 8

// setAside renames a damaged file or folder. The wall clock may be wrong, so the name is made unique.
func (r *Recovery) setAside(path string) error {
	name := asideName(path)
	if err := os.Rename(path, name); err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	r.SetAside = append(r.SetAside, filepath.Base(name))
	return dropOldAside(filepath.Dir(path))
}

func asideName(path string) string {
	stem := path + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	name := stem
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name
		}
		name = fmt.Sprintf("%s-%d", stem, n)
	}
}

func dropOldAside(dir string) error {
	all, err := filepath.Glob(filepath.Join(dir, "*.damaged-*"))
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b string) int { return modified(a).Compare(modified(b)) })
	for len(all) > keptAside {
		if err := os.RemoveAll(all[0]); err != nil {
			return err
		}
		all = all[1:]
	}
	return syncDir(dir)
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// copyAside keeps a copy of a damaged segment; the segment itself stays until it is let go like any other.
func (q *Queue) copyAside(number uint32, found *Recovery) error {
	path := q.journal.path(number)
	raw, _, err := q.journal.read(number)
	if err != nil || slices.ContainsFunc(found.SetAside, func(name string) bool { return strings.HasPrefix(name, filepath.Base(path)) }) {
		return err
	}
	name := asideName(filepath.Join(q.dir, filepath.Base(path)))
	if !q.indexable() {
		return nil // no room for keepsakes
	}
	if err := writeFlushed(name, raw); err != nil {
		return err
	}
	found.SetAside = append(found.SetAside, filepath.Base(name))
	return dropOldAside(q.dir)
}
