// Package tape keeps the newest bytes of a device's line in memory, so that the ones a reading came from can be kept with it.
//
// What it gives is a capture that kioskctl replay reads: lines of # comment, > to the device, < from it (port.Record and thermometer.Recorder
// write them).
package tape

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Limits of a tape and of one extract, in bytes of text; three are a byte on the line. A CMS50, the most talkative, fills the tape in two
// minutes and an extract in 45 s; a blood pressure of a PAR module is 5 kB.
const (
	most        = 192 << 10
	mostExtract = 72 << 10
)

// Tape is the newest of one connection. It is safe for concurrent use.
type Tape struct {
	head string // a line of comment: whose it is and at which setting

	mu     sync.Mutex
	pieces []piece
	size   int
}

type piece struct {
	at   time.Time
	text []byte
}

// New returns an empty tape; about says which protocol and line it is of.
func New(about string) *Tape { return &Tape{head: "# " + about + "\n"} }

// Write keeps whole lines, with the time when they came. The oldest go when the tape is full. It never fails.
func (t *Tape) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pieces = append(t.pieces, piece{time.Now(), bytes.Clone(b)})
	t.size += len(b)
	drop := 0
	for ; t.size > most; drop++ {
		t.size -= len(t.pieces[drop].text)
	}
	t.pieces = t.pieces[drop:]
	return len(b), nil
}

// Since returns what came from that time on as a capture of its own; of more than 72 kB the newest. It is nil when nothing came.
func (t *Tape) Since(from time.Time) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, size := len(t.pieces), 0
	for ; first > 0; first-- {
		p := t.pieces[first-1]
		if size += len(p.text); p.at.Before(from) || size > mostExtract {
			break
		}
	}
	if first == len(t.pieces) {
		return nil
	}
	capture := []byte(t.head)
	for _, p := range t.pieces[first:] {
		capture = append(capture, p.text...)
	}
	return capture
}

// Sum is the hash by which a reading names its capture: SHA-256, in hexadecimal, as sha256sum prints it of a file with the capture.
func Sum(capture []byte) string {
	sum := sha256.Sum256(capture)
	return hex.EncodeToString(sum[:])
}
