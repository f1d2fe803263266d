package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slice is a file in memory.
type slice []byte

func (s slice) ReadAt(b []byte, at int64) (int, error)  { return copy(b, s[at:]), nil }
func (s slice) WriteAt(b []byte, at int64) (int, error) { return copy(s[at:], b), nil }

func rw(at uint64, size int, data string) []byte {
	b := make([]byte, rwBody, rwBody+len(data))
	order.PutUint64(b[8:], at)
	order.PutUint32(b[16:], uint32(size))
	return append(b, data...)
}

func TestFuseFileReadsAndWrites(t *testing.T) {
	flushed := 0
	f := &fuseFile{file: make(slice, 8192), size: 8192, flush: func() { flushed++ }}
	if _, e := f.answer(opWrite, rw(5000, 5, "hello")); e != 0 {
		t.Fatal(e)
	}
	got, e := f.answer(opRead, rw(5001, 4, ""))
	want(t, "read", []any{string(got), e}, []any{"ello", unix.Errno(0)})
	got, _ = f.answer(opRead, rw(8190, 4096, ""))
	want(t, "bytes at the end", len(got), 2)
	_, e = f.answer(opWrite, rw(8190, 4, "over"))
	want(t, "write over the end", e, unix.ENOSPC)
	_, e = f.answer(opFsync, make([]byte, 16))
	want(t, "flushes", []any{flushed, e}, []any{1, unix.Errno(0)})
	_, e = f.answer(43, nil)
	want(t, "what it does not know", e, unix.ENOSYS)
}

// TestCardCounts writes a known amount with a known number of flushes.
func TestCardCounts(t *testing.T) {
	if err := cardPossible(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	c, err := insertCard(t.Context(), t.TempDir())
	must(t, err)
	defer func() { must(t, c.remove()) }()
	f, err := os.Create(filepath.Join(c.mount, "file"))
	must(t, err)
	const blocks = 256
	_, err = f.Write(make([]byte, blocks*4096))
	must(t, err)
	used, err := c.measure(time.Millisecond, func() (int, error) {
		for i := range int64(blocks) {
			if _, err := f.WriteAt(make([]byte, 4096), i*4096); err != nil {
				return 0, err
			}
			if err := unix.Fdatasync(int(f.Fd())); err != nil {
				return 0, err
			}
		}
		return blocks, nil
	})
	must(t, err)
	must(t, f.Close())
	if kb := used.stat.kilobytes() / blocks; kb < 4 || kb > 6 {
		t.Errorf("%.1f kB reached the device for a block of 4 kB", kb)
	}
	if n := float64(used.stat.flushes) / blocks; n < 1 || n > 1.2 {
		t.Errorf("%.2f flushes for one", n)
	}
}
