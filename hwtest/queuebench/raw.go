package main

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rawFile is what a disk can do: records one behind the other, each write flushed.
type rawFile struct {
	f    *os.File
	at   int64
	size int64 // begins again at the front there; 0 grows without end
}

// preallocated is the size of a file that is filled beforehand, in bytes.
const preallocated = 64 << 20

// openAppend makes a file that grows.
func openAppend(path string) (*rawFile, error) {
	f, err := os.Create(path)
	return &rawFile{f: f}, err
}

// openPreallocated makes a file that is filled with zeros and synced, so that a write into it changes no metadata.
func openPreallocated(path string) (*rawFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for range preallocated / len(zeros) {
		if _, err := f.Write(zeros); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &rawFile{f: f, size: preallocated}, nil
}

// write puts b behind what was written before, and flushes it.
func (r *rawFile) write(b []byte) error {
	if r.size > 0 && r.at+int64(len(b)) > r.size {
		r.at = 0
	}
	if _, err := r.f.WriteAt(b, r.at); err != nil {
		return err
	}
	r.at += int64(len(b))
	return unix.Fdatasync(int(r.f.Fd()))
}

// put is for one writer.
func (r *rawFile) put(_ context.Context, rec record) error { return r.write(rec.payload) }

// apply writes what waits together in one write with one flush.
func (r *rawFile) apply(all []change) error {
	var b []byte
	for _, w := range all {
		for _, rec := range w.puts {
			b = append(b, rec.payload...)
		}
	}
	return r.write(b)
}

func (r *rawFile) close() error { return r.f.Close() }
