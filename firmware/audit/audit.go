// Package audit is the kiosk's own record of who did what: signing in, opening a visit, every reading that was stored, typed or withdrawn, and what
// the technician changed. Each line holds the SHA-256 of the line before, so a line that was taken out or changed is seen. It names workers, visits
// and readings by id, and never a patient or a value.
//
// A line is JSON:
//
//	{"n":17,"at":{...},"who":"w-7","did":"reading","what":"0192f3a1-...","ok":true,"before":"9f86d0..."}
package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"nabz/firmware/chain"
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
	Corrected  Act = "corrected"   // what: the reading that was typed in another's place
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
	Recorded   Act = "recorded"    // what: the entry that the health record has now
	Seen       Act = "seen"        // what: the entry that a doctor has opened
	Configured Act = "config"      // what: the version of the site profile with which the kiosk began
	ClockSet   Act = "clock"       // what: how far the clock moved, and by what
	Checked    Act = "check"       // a technician looked at what answers
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
	*chain.File
	now func() clock.Stamp
}

// OpenLog opens the record at path, making it when it is not there. A line that a power cut tore is cut off: nothing had been promised of it.
func OpenLog(path string, now func() clock.Stamp) (*Log, error) {
	f, err := chain.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	return &Log{f, now}, nil
}

// Note records acts, in order, in one write. They are on stable storage when it returns nil. N, At and Before are set here.
func (l *Log) Note(acts ...Entry) error {
	var lines []func(chain.Link) ([]byte, error)
	for _, e := range acts {
		lines = append(lines, func(link chain.Link) ([]byte, error) {
			e.N, e.At, e.Before = link.N, l.now(), link.Before
			return json.Marshal(e)
		})
	}
	if err := l.Append(lines...); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Read reads a record and holds its chain together. It calls each for every entry and says which line does not follow from the one before.
func Read(r io.Reader, each func(Entry)) error {
	return chain.Read(r, func(line []byte) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return errors.New("no entry of an audit")
		}
		each(e)
		return nil
	})
}
