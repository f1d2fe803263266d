package bpcuff

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
)

// endlessly gives the same bytes again and again.
type endlessly struct {
	b []byte
	i int
}

func (e *endlessly) Read(p []byte) (int, error) {
	n := copy(p, e.b[e.i:])
	e.i = (e.i + n) % len(e.b)
	return n, nil
}

func benchmark(b *testing.B, stream string) {
	p := NewPAR(capture{&endlessly{b: []byte(stream)}}, PAROpts{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// One frame cut and decoded: the goal is no allocation.
func BenchmarkPARStatus(b *testing.B) { benchmark(b, status(good)) }

func BenchmarkPARCuff(b *testing.B) { benchmark(b, "\x02035C0S3\x03\r") }

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
