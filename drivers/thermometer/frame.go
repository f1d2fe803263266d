package thermometer

import "encoding/binary"

// Frame layout.
const (
	headLength = 8
	maxData    = 64 // longer is no frame of this module
	maxFrame   = headLength + maxData + 1
)

var lead = [...]byte{0x03, 0x02, 0x10}

// Types of a frame.
const (
	typeCommand = 0x01
	typeAnswer  = 0x02
)

// Command codes.
const (
	codeRecord  = 0x941C
	codeRecords = 0x9434
)

// split is a bufio.SplitFunc: a frame begins with the lead and has a believable size. Its sum is checked by whoever takes it, so that a bad
// one can be counted and searched for another frame inside.
func split(b []byte, atEOF bool) (int, []byte, error) {
	for i := range b {
		n, more := match(b[i:])
		if n > 0 {
			return i + n, b[i : i+n], nil
		}
		if more && !atEOF {
			return i, nil, nil
		}
	}
	return len(b), nil, nil
}

func match(b []byte) (n int, more bool) {
	for i, c := range lead {
		if i == len(b) {
			return 0, true
		}
		if b[i] != c {
			return 0, false
		}
	}
	if len(b) < headLength {
		return 0, true
	}
	size := int(binary.LittleEndian.Uint16(b[6:]))
	if size > maxData {
		return 0, false
	}
	if n = headLength + size + 1; len(b) < n {
		return 0, true
	}
	return n, false
}

func sum(f []byte) (s byte) {
	for _, c := range f {
		s += c
	}
	return s
}

// command frames a command.
func command(code uint16, data ...byte) []byte {
	f := append(lead[:], byte(code>>8), byte(code), typeCommand, byte(len(data)), 0)
	f = append(f, data...)
	return append(f, -sum(f))
}

func codeOf(f []byte) uint16 { return binary.BigEndian.Uint16(f[3:]) }
