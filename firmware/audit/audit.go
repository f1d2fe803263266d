// Package audit is the kiosk's own record of who did what: signing in, opening a visit, every reading that was stored, typed or withdrawn, and what
// the technician changed. Each line holds the SHA-256 of the line before, so a line that was taken out or changed is seen. It names workers, visits
// and readings by id, and never a patient or a value.
//
// A line is JSON:
//
//	{"n":17,"at":{...},"who":"w-7","did":"reading","what":"0192f3a1-...","ok":true,"before":"9f86d0..."}
package audit

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

	"nabz/firmware/clock"
)

// Act is what was done.
type Act string

// The acts.
const (
	SignIn     Act = "sign-in"     // what: the account
	SignOut    Act = "sign-out"    //
	Lock       Act = "lock"        // nobody touched the screen
	Open       Act = "visit"       // what: the visit, whose patient was confirmed and agreed
	Close      Act = "visit-ended" // what: the visit
	Stored     Act = "reading"     // what: the reading, of a device
	Typed      Act = "by-hand"     // what: the reading
	Withdrawn  Act = "withdrawn"   // what: the retraction
	TakenOver  Act = "taken-over"  // what: the visit, by another worker
	Account    Act = "account"     // what: the account that was made, reset or locked out
	Exported   Act = "export"      //
	Released   Act = "released"    // what: the entry that was let go again
	Answered   Act = "answered"    // what: the request of a doctor that a worker has read
	Lesson     Act = "lesson"      // what: the lesson, completed
	ChosenPIN  Act = "pin"         // what: the account whose owner chose a PIN
	Started    Act = "started"     // the kiosk
	SlipShown  Act = "slip"        // what: the visit whose slip was shown
	BadgeGiven Act = "badge"       // what: the account
)

// Entry is one act.
type Entry struct {
	N      uint64      `json:"n"`
	At     clock.Stamp `json:"at"`
	Who    string      `json:"who,omitempty"` // a worker's id, "technician", or empty for the kiosk itself
	Did    Act         `json:"did"`
	What   string      `json:"what,omitempty"` // an id
	OK     bool        `json:"ok"`
	Before string      `json:"before"` // SHA-256 of the line before, in hexadecimal; empty in the first
}

// Log is the open record. It is safe for concurrent use.
type Log struct {
	path string
	now  func() clock.Stamp

	mu   sync.Mutex
	file *os.File
	size int64
	next uint64
	sum  string
}

// most is the size at which the file becomes the old one, beside it with ".1"; the chain goes on in the new file.
const most = 16 << 20

// OpenLog opens the record at path, making it when it is not there. A line that a power cut tore is cut off: nothing had been promised of it.
func OpenLog(path string, now func() clock.Stamp) (*Log, error) {
	l := &Log{path: path, now: now}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	whole := old[:bytes.LastIndexByte(old, '\n')+1]
	if len(whole) == 0 {
		last, err := os.ReadFile(path + ".1")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("open audit: %w", err)
		}
		l.follow(last)
	}
	l.follow(whole)
	if l.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	l.size = int64(len(whole))
	_, err = l.file.Seek(l.size, io.SeekStart)
	if err := errors.Join(l.file.Truncate(l.size), err, syncDir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open audit: %w", err), l.file.Close())
	}
	return l, nil
}

// follow takes up the chain behind these lines.
func (l *Log) follow(lines []byte) {
	lines = bytes.TrimSuffix(lines, []byte("\n"))
	if len(lines) == 0 {
		return
	}
	last := lines[bytes.LastIndexByte(lines, '\n')+1:]
	l.sum = sum(last)
	var e Entry
	if json.Unmarshal(last, &e) == nil {
		l.next = e.N + 1
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

// Note records acts, in order, in one write. They are on stable storage when it returns nil. N, At and Before are set here.
func (l *Log) Note(acts ...Entry) error {
	if len(acts) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size >= most {
		if err := l.turn(); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	var b bytes.Buffer
	next, before := l.next, l.sum
	for _, e := range acts {
		e.N, e.At, e.Before = next, l.now(), before
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		b.Write(append(line, '\n'))
		next, before = next+1, sum(line)
	}
	n, err := l.file.Write(b.Bytes())
	if err := errors.Join(err, l.file.Sync()); err != nil {
		_, back := l.file.Seek(l.size, io.SeekStart)
		return fmt.Errorf("audit: %w", errors.Join(err, l.file.Truncate(l.size), back))
	}
	l.next, l.sum, l.size = next, before, l.size+int64(n)
	return nil
}

// turn makes the file the old one and begins another.
func (l *Log) turn() error {
	fresh, err := os.OpenFile(l.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Rename(l.path, l.path+".1"), os.Rename(l.path+".new", l.path), syncDir(l.path)); err != nil {
		return errors.Join(err, fresh.Close())
	}
	err = l.file.Close()
	l.file, l.size = fresh, 0
	return err
}

// Close closes the record.
func (l *Log) Close() error { return l.file.Close() }

// WriteTo copies the record, the older file first.
func (l *Log) WriteTo(w io.Writer) (n int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, path := range []string{l.path + ".1", l.path} {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, err
		}
		copied, err := io.Copy(w, f)
		n += copied
		if err := errors.Join(err, f.Close()); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Read reads a record and holds its chain together. It calls each for every entry and says which line does not follow from the one before.
func Read(r io.Reader, each func(Entry)) error {
	lines := bufio.NewScanner(r)
	before := ""
	for n := 1; lines.Scan(); n++ {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("line %d is no entry of an audit", n)
		}
		if n > 1 && e.Before != before {
			return fmt.Errorf("line %d (entry %d) does not follow from the one before: the record was changed", n, e.N)
		}
		before = sum(lines.Bytes())
		each(e)
	}
	return lines.Err()
}
