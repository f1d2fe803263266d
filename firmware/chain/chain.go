// Package chain is a record to which lines are only ever added. Each line is a JSON object that has its number and the SHA-256 of the line before, so a line that was
// taken out or changed is seen, and a cut at any byte leaves a record that holds together up to there.
//
//	{"n":17, ..., "before":"9f86d0..."}
package chain

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Link is what a line holds of the chain.
type Link struct {
	N      uint64 `json:"n"`
	Before string `json:"before"` // SHA-256 of the line before, in hexadecimal; empty in the first
}

// File is the open record. It is safe for concurrent use.
type File struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
	next Link
}

// most is the size at which the file becomes the old one, beside it with ".1"; the chain goes on in the new file.
const most = 16 << 20

// Open opens the record at path, making it when it is not there. A line that a power cut tore is cut off: nothing had been promised of it.
func Open(path string) (*File, error) {
	f := &File{path: path}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	whole := old[:bytes.LastIndexByte(old, '\n')+1]
	if len(whole) == 0 {
		last, err := os.ReadFile(path + ".1")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		f.follow(last)
	}
	f.follow(whole)
	if f.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	f.size = int64(len(whole))
	_, err = f.file.Seek(f.size, io.SeekStart)
	if err := errors.Join(f.file.Truncate(f.size), err, syncDir(path)); err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	return f, nil
}

// follow takes up the chain behind these lines.
func (f *File) follow(lines []byte) {
	lines = bytes.TrimSuffix(lines, []byte("\n"))
	if len(lines) == 0 {
		return
	}
	last := lines[bytes.LastIndexByte(lines, '\n')+1:]
	f.next.Before = sum(last)
	var l Link
	if json.Unmarshal(last, &l) == nil {
		f.next.N = l.N + 1
	}
}

func sum(line []byte) string {
	s := sha256.Sum256(line)
	return hex.EncodeToString(s[:])
}

func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Append adds lines, in order, in one write; each is made with its link. They are on stable storage when it returns nil.
func (f *File) Append(lines ...func(Link) ([]byte, error)) error {
	if len(lines) == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size >= most {
		if err := f.turn(); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	next := f.next
	for _, make := range lines {
		line, err := make(next)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
		next = Link{next.N + 1, sum(line)}
	}
	n, err := f.file.Write(b.Bytes())
	if err := errors.Join(err, f.file.Sync()); err != nil {
		_, back := f.file.Seek(f.size, io.SeekStart)
		return errors.Join(err, f.file.Truncate(f.size), back)
	}
	f.next, f.size = next, f.size+int64(n)
	return nil
}

// turn makes the file the old one and begins another.
func (f *File) turn() error {
	fresh, err := os.OpenFile(f.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Rename(f.path, f.path+".1"), os.Rename(f.path+".new", f.path), syncDir(f.path)); err != nil {
		return errors.Join(err, fresh.Close())
	}
	err = f.file.Close()
	f.file, f.size = fresh, 0
	return err
}

// Last is the number of the last line; 0 when there is none, or one.
func (f *File) Last() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next.N == 0 {
		return 0
	}
	return f.next.N - 1
}

// Close closes the record.
func (f *File) Close() error { return f.file.Close() }

// WriteTo copies the record, the older file first.
func (f *File) WriteTo(w io.Writer) (n int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range []string{f.path + ".1", f.path} {
		old, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, err
		}
		copied, err := io.Copy(w, old)
		n += copied
		if err := errors.Join(err, old.Close()); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Read reads a record and holds its chain together. It calls each for every line and says which does not follow from the one before.
func Read(r io.Reader, each func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	before := ""
	for n := 1; lines.Scan(); n++ {
		var l Link
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("line %d is no entry of a record", n)
		}
		if n > 1 && l.Before != before {
			return fmt.Errorf("line %d (entry %d) does not follow from the one before: the record was changed", n, l.N)
		}
		before = sum(lines.Bytes())
		if err := each(lines.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}
