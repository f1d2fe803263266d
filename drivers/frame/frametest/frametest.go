// Package frametest holds the ports that tests of drivers read from.
package frametest

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"
)

// Capture is a port that gives the bytes of a reader and then io.EOF. It swallows what is written and never waits.
type Capture struct{ io.Reader }

// Write swallows b.
func (Capture) Write(b []byte) (int, error) { return len(b), nil }

// SetReadDeadline does nothing.
func (Capture) SetReadDeadline(time.Time) error { return nil }

// Endless is a reader that gives the same bytes again and again.
type Endless struct {
	Bytes []byte
	at    int
}

// Read never ends.
func (e *Endless) Read(p []byte) (int, error) {
	n := copy(p, e.Bytes[e.at:])
	e.at = (e.at + n) % len(e.Bytes)
	return n, nil
}

// Trace returns the device's bytes of a published capture. Captures are other people's and lie beside the checkout, not in it: the test is
// skipped where they are not there.
func Trace(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../../shared/traces/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the captures are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	var stream []byte
	for line := range strings.Lines(string(raw)) {
		if digits, ok := strings.CutPrefix(strings.TrimSpace(line), "<"); ok {
			stream = append(stream, Hex(t, digits)...)
		}
	}
	return stream
}

// Hex reads hexadecimal digits, spaces between them or not.
func Hex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
