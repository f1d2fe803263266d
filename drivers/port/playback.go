package port

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Playback is a Wire that gives the bytes of a capture and then io.EOF. What is written to it is swallowed, and it never waits.
type Playback struct{ r bytes.Reader }

// maxCapture bounds what OpenPlayback reads, since it keeps all of it: a day of an oximeter's live stream is 50 MB.
const maxCapture = 256 << 20

// OpenPlayback reads a capture. In the .hex form a line is "#" and a comment, ">" and bytes to the device, or "<" and bytes from it, in
// hexadecimal, two digits a byte, spaces between bytes or not; all "<" lines in order are the stream. Raw is the stream itself. A malformed
// line is an error with its number; a capture of more than 256 MiB is refused.
func OpenPlayback(r io.Reader, raw bool) (*Playback, error) {
	return openPlayback(r, raw, maxCapture)
}

func openPlayback(r io.Reader, raw bool, max int64) (*Playback, error) {
	limited := &io.LimitedReader{R: r, N: max + 1}
	var stream []byte
	var err error
	if raw {
		stream, err = io.ReadAll(limited)
	} else {
		stream, err = parseHex(limited)
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("capture: larger than %d bytes: split it", max)
	}
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	p := &Playback{}
	p.r.Reset(stream)
	return p, nil
}

func parseHex(r io.Reader) ([]byte, error) {
	var stream []byte
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	row := 1
	for ; lines.Scan(); row++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] != '<' && line[0] != '>' {
			return nil, fmt.Errorf("line %d: begins with %q: want # > or < (raw bytes need --raw)", row, line[0])
		}
		digits, _, _ := strings.Cut(line[1:], "#")
		for group := range strings.FieldsSeq(digits) { // each by itself: a digit that is missing must not shift those behind it
			b, err := hex.DecodeString(group)
			if err != nil {
				return nil, fmt.Errorf("line %d: %.20q: %w", row, group, err)
			}
			if line[0] == '<' {
				stream = append(stream, b...)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", row, err)
	}
	return stream, nil
}

// Read implements Wire.
func (p *Playback) Read(b []byte) (int, error) { return p.r.Read(b) }

// Write implements Wire.
func (p *Playback) Write(b []byte) (int, error) { return len(b), nil }

// SetReadDeadline implements Wire; a playback never waits.
func (p *Playback) SetReadDeadline(time.Time) error { return nil }

// Close implements Wire.
func (p *Playback) Close() error { return nil }
