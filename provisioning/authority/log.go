package authority

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"nabz/firmware/chain"
)

// Act is what an authority did.
type Act string

// The acts.
const (
	Created Act = "created"
	Issued  Act = "issued"
	Revoked Act = "revoked"
	Invited Act = "invited"
)

// Entry is one line of the log.
type Entry struct {
	chain.Link
	At     time.Time `json:"at"`
	Did    Act       `json:"did"`
	Kind   Kind      `json:"kind,omitempty"`
	Name   string    `json:"name"`
	Serial string    `json:"serial,omitempty"` // in hexadecimal
	Until  time.Time `json:"until,omitzero"`   // the end of what was issued
	Key    string    `json:"key,omitempty"`    // SHA-256 of the public key, in hexadecimal
	Why    string    `json:"why,omitempty"`    // of a revocation, in the operator's words
	Token  string    `json:"token,omitempty"`  // of an invitation, and of what was issued for it: SHA-256, in hexadecimal
	Days   int       `json:"days,omitempty"`   // of an invitation: the life of what is issued for it
	Anew   bool      `json:"anew,omitempty"`   // of an invitation: another box may have had the name
	Site   string    `json:"site,omitempty"`   // of an invitation: where the box is to stand
}

func (a *Authority) note(e Entry) error {
	var kept Entry
	err := a.log.Append(func(l chain.Link) ([]byte, error) {
		e.Link, e.At = l, a.now().UTC()
		kept = e
		return json.Marshal(e)
	})
	if err != nil {
		return fmt.Errorf("the authority's log: %w", err)
	}
	a.all = append(a.all, kept)
	info, err := os.Stat(filepath.Join(a.dir, "log"))
	if err == nil {
		a.read = info.Size()
	}
	return err
}

// openLock makes the folder ready for exclusively, in which the log is opened: opening cuts a torn line, which must not be one that another process is writing.
func (a *Authority) openLock() (err error) {
	a.lock, err = os.OpenFile(filepath.Join(a.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	return err
}

// exclusively does something while no other process does anything here, and after all that others did is known.
func (a *Authority) exclusively(do func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	fd := int(a.lock.Fd())
	if err := syscall.Flock(fd, syscall.LOCK_EX); err != nil {
		return fmt.Errorf("the authority's lock: %w", err)
	}
	err := a.readLog()
	if err == nil {
		err = do()
	}
	return errors.Join(err, syscall.Flock(fd, syscall.LOCK_UN))
}

// readLog reads the log when it is not as this process left it.
func (a *Authority) readLog() error {
	path := filepath.Join(a.dir, "log")
	if a.log != nil {
		info, err := os.Stat(path)
		if err != nil || info.Size() == a.read {
			return err
		}
		if err := a.log.Close(); err != nil {
			return err
		}
	}
	var err error
	if a.log, err = chain.Open(path); err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := a.log.WriteTo(&b); err != nil {
		return err
	}
	a.all, a.read = nil, int64(b.Len())
	return ReadLog(&b, func(e Entry) { a.all = append(a.all, e) })
}

// ReadLog reads a log and says which line does not follow from the one before.
func ReadLog(r io.Reader, each func(Entry)) error {
	return chain.Read(r, func(line []byte) error {
		var e Entry
		if json.Unmarshal(line, &e) != nil {
			return errors.New("no entry of an authority")
		}
		each(e)
		return nil
	})
}

// Log is what was issued and revoked, oldest first.
func (a *Authority) Log() []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Entry(nil), a.all...)
}

// standing are the certificates of a name that are neither revoked nor over.
func (a *Authority) standing(k Kind, name string) (all []Entry) {
	revoked := map[string]bool{}
	for _, e := range a.all {
		if e.Did == Revoked {
			revoked[e.Serial] = true
		}
	}
	for _, e := range a.all {
		if e.Did == Issued && e.Kind == k && e.Name == name && !revoked[e.Serial] && a.now().Before(e.Until) {
			all = append(all, e)
		}
	}
	return all
}
