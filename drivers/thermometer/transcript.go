package thermometer

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"periph.io/x/conn/v3/physic"
)

// ErrDiverged says that a driver asked a Transcript for something else than what was recorded.
var ErrDiverged = errors.New("not what was recorded")

// Transcript is an i2c.Bus that answers as a recording did, strictly in its order, and then with io.EOF. It is text, one line each:
//
//	# anything           a comment, also behind the bytes
//	> 48 00              written to address 48: 00
//	< 48 0C 80           read from address 48: 0C 80
//	! 48 00: no such…    a transaction that wrote 00 to address 48 and failed, and why
//
// A transaction that writes and reads is two lines. Addresses (7 bits) and bytes are hexadecimal, two digits each. Drivers do not wait
// between the readings of a Transcript.
type Transcript struct {
	lines []transcribed
	at    int
}

type transcribed struct {
	row  int // in the text, from 1
	what byte
	addr uint16
	data []byte
	why  string
}

// maxTranscript bounds what ParseTranscript keeps: an hour of a chip that is read once a second is 200 kB.
const maxTranscript = 64 << 20

// ParseTranscript reads a transcript. A malformed line is an error with its number; more than 64 MiB is refused.
func ParseTranscript(r io.Reader) (*Transcript, error) {
	limited := &io.LimitedReader{R: r, N: maxTranscript + 1}
	rows := bufio.NewScanner(limited)
	rows.Buffer(nil, 1<<20)
	t := &Transcript{}
	row := 1
	for ; rows.Scan(); row++ {
		text := strings.TrimSpace(strings.TrimPrefix(rows.Text(), "\ufeff"))
		if text == "" || text[0] == '#' {
			continue
		}
		line, err := parseTranscribed(text)
		if err != nil {
			return nil, fmt.Errorf("transcript: line %d: %w", row, err)
		}
		line.row = row
		t.lines = append(t.lines, line)
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("transcript: larger than %d bytes: split it", maxTranscript)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("transcript: line %d: %w", row, err)
	}
	return t, nil
}

func parseTranscribed(text string) (l transcribed, err error) {
	l.what = text[0]
	digits := text[1:]
	switch l.what {
	case '>', '<':
		digits, _, _ = strings.Cut(digits, "#")
	case '!':
		var found bool
		if digits, l.why, found = strings.Cut(digits, ":"); !found {
			return l, errors.New("has no colon before the reason")
		}
		l.why = strings.TrimSpace(l.why)
	default:
		return l, fmt.Errorf("begins with %q: want one of # ! > <", l.what)
	}
	for group := range strings.FieldsSeq(digits) {
		b, err := hex.DecodeString(group)
		if err != nil || len(b) != 1 {
			return l, fmt.Errorf("%.20q: want two hexadecimal digits", group)
		}
		l.data = append(l.data, b[0])
	}
	switch {
	case len(l.data) == 0 || l.data[0] > 0x7F:
		return l, errors.New("has no address of 00 to 7F")
	case l.what == '<' && len(l.data) == 1:
		return l, errors.New("reads nothing")
	}
	l.addr, l.data = uint16(l.data[0]), l.data[1:]
	return l, nil
}

// Left is how many lines were not played yet.
func (t *Transcript) Left() int { return len(t.lines) - t.at }

// String implements i2c.Bus.
func (t *Transcript) String() string { return "transcript" }

// SetSpeed implements i2c.Bus; a transcript has none.
func (t *Transcript) SetSpeed(physic.Frequency) error { return nil }

// Tx implements i2c.Bus. A transaction that was recorded as failed fails. One that was not recorded is ErrDiverged and leaves the
// transcript where it was.
func (t *Transcript) Tx(addr uint16, w, r []byte) error {
	if t.Left() == 0 {
		return io.EOF
	}
	if l := t.lines[t.at]; l.what == '!' && l.addr == addr && bytes.Equal(l.data, w) {
		t.at++
		return errors.New(l.why)
	}
	from := t.at
	if len(w) > 0 || len(r) == 0 {
		if l := t.lines[t.at]; l.what != '>' || l.addr != addr || !bytes.Equal(l.data, w) {
			return t.diverged(from, l.row, '>', addr, w)
		}
		t.at++
	}
	if len(r) == 0 {
		return nil
	}
	if t.Left() == 0 {
		t.at = from
		return io.EOF
	}
	l := t.lines[t.at]
	if l.what != '<' || l.addr != addr || len(l.data) != len(r) {
		return t.diverged(from, l.row, '<', addr, r)
	}
	t.at++
	copy(r, l.data)
	return nil
}

func (t *Transcript) diverged(from, row int, what byte, addr uint16, b []byte) error {
	t.at = from
	if what == '<' {
		return fmt.Errorf("transcript: line %d: %w: now %d bytes are read from %02X", row, ErrDiverged, len(b), addr)
	}
	return fmt.Errorf("transcript: line %d: %w: now % X is written to %02X", row, ErrDiverged, b, addr)
}
