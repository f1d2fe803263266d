package bpcuff

import (
	"bytes"

	"nabz/drivers/vitals"
)

// Delimiters of the plain module and of the combined board.
const (
	stx, etx                 = 0x02, 0x03
	combinedSTX, combinedETX = 0xFD, 0xFE
	cr                       = 0x0D
)

// Lengths between the delimiters.
const (
	endLength    = 3
	cuffLength   = 7
	statusLength = 39
	longest      = statusLength + 3 // with delimiters and CR
)

// split is a bufio.SplitFunc over both sets of delimiters. A token is a whole frame with its CR, if it has one.
func split(b []byte, atEOF bool) (int, []byte, error) {
	for i, c := range b {
		end, ok := endOf(c)
		if !ok {
			continue
		}
		n, more := body(b[i+1:], end)
		if next := i + n + 2; n > 0 && (next < len(b) || atEOF) {
			if next < len(b) && b[next] == cr {
				next++
			}
			return next, b[i:next], nil
		}
		more = more || n > 0
		if more && !atEOF {
			return i, nil, nil
		}
	}
	return len(b), nil, nil
}

func endOf(start byte) (byte, bool) {
	switch start {
	case stx:
		return etx, true
	case combinedSTX:
		return combinedETX, true
	}
	return 0, false
}

// body returns the length of the frame's body that b begins with, or 0; more says that further bytes may still complete it.
func body(b []byte, end byte) (n int, more bool) {
	for i, c := range b[:min(len(b), statusLength+1)] {
		if c == end {
			return i, false
		}
		if c < ' ' || c > '~' {
			return 0, false // nothing but text stands between delimiters
		}
	}
	return 0, len(b) <= statusLength
}

// report is one frame taken apart.
type report struct {
	kind     kind
	pressure vitals.MmHg // of a cuff frame
	state    byte        // of a status, '0' to '9'
	patient  byte        // of a status: '0' adult
	sample   vitals.Sample
}

type kind uint8

const (
	damaged kind = iota
	cuffFrame
	endMarker
	statusFrame
)

// parse takes a frame with its delimiters apart. damaged means a status whose checksum is wrong, or no form at all.
func parse(f []byte) report {
	b := bytes.TrimSuffix(f, []byte{cr})
	b = b[1 : len(b)-1]
	switch {
	case string(b) == "999":
		return report{kind: endMarker}
	case len(b) == cuffLength && b[3] == 'C' && b[5] == 'S':
		if p, ok := digits(b[:3]); ok {
			return report{kind: cuffFrame, pressure: vitals.MmHg(p)}
		}
	case len(b) == statusLength && checked(b):
		return parseStatus(b)
	}
	return report{}
}

// letters are the places at which a status has fixed characters.
var letters = [...]struct {
	at   int
	text string
}{{0, "S"}, {2, ";A"}, {5, ";C"}, {9, ";M"}, {13, ";P"}, {24, ";R"}, {29, ";T"}, {35, ";;"}}

func checked(b []byte) bool {
	for _, l := range letters {
		if !bytes.HasPrefix(b[l.at:], []byte(l.text)) {
			return false
		}
	}
	want, ok := hexByte(b[37], b[38])
	return ok && sum(b[:37]) == want
}

func sum(b []byte) byte {
	var s byte
	for _, c := range b {
		s += c
	}
	return s
}

// digits reads decimal digits; anything else, blanks and '-' too, is no number.
func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

func hexByte(hi, lo byte) (byte, bool) {
	h, ok1 := hexDigit(hi)
	l, ok2 := hexDigit(lo)
	return h<<4 | l, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
