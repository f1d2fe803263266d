package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// spaceUsed is what the files in dir take on disk, in MB of 1,000,000 bytes: blocks, so that holes do not count.
func spaceUsed(dir string) (mb float64, err error) {
	err = eachFile(dir, func(path string) error {
		var s unix.Stat_t
		if err := unix.Stat(path, &s); err != nil {
			return err
		}
		mb += float64(s.Blocks) * 512 / 1_000_000
		return nil
	})
	return mb, err
}

func eachFile(dir string, f func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return f(path)
	})
}

// howForgotten says how forget works here.
func howForgotten() string {
	if os.Geteuid() == 0 {
		return "page cache dropped (drop_caches)"
	}
	return "files dropped from the page cache (fadvise)"
}

// forget makes the next reading of dir cold: as root the whole page cache is dropped, otherwise the files of dir are.
func forget(dir string) error {
	unix.Sync()
	if os.Geteuid() == 0 {
		return os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0o200)
	}
	return eachFile(dir, func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	})
}
