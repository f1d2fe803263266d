package authority

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
)

// Entry is one line of the log.
type Entry struct {
	chain.Link
	At     time.Time `json:"at"`
	Did    Act       `json:"did"`
	Kind   Kind      `json:"kind,omitempty"`
	Name   string    `json:"name"`
	Serial string    `json:"serial"`         // in hexadecimal
	Until  time.Time `json:"until,omitzero"` // the end of what was issued
	Key    string    `json:"key,omitempty"`  // SHA-256 of the public key, in hexadecimal
	Why    string    `json:"why,omitempty"`  // of a revocation, in the operator's words
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
	return nil
}

func (a *Authority) readLog() error {
	var b bytes.Buffer
	if _, err := a.log.WriteTo(&b); err != nil {
		return err
	}
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
