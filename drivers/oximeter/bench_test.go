package oximeter

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"testing"
)

// endless gives the same bytes again and again.
type endless struct {
	b []byte
	i int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.b[e.i:])
	e.i = (e.i + n) % len(e.b)
	return n, nil
}

func benchmark(b *testing.B, stream []byte) {
	c := NewContec(capture{&endless{b: stream}}, DialectContec)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Next(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// One frame cut and decoded: the goal is no allocation.
func BenchmarkContecV7(b *testing.B) {
	benchmark(b, bytes.Repeat(live(5, 30, 3, 72, 97, 0x4e, 2), 100))
}

func BenchmarkBCI(b *testing.B) { benchmark(b, bytes.Repeat([]byte{0x85, 40, 3, 72, 97}, 100)) }

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	var stream []byte
	for line := range strings.Lines(text) {
		if digits, ok := strings.CutPrefix(strings.TrimSpace(line), "<"); ok {
			b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			stream = append(stream, b...)
		}
	}
	return stream
}
