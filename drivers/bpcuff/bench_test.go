package bpcuff

import (
	"context"
	"testing"

	"nabz/drivers/frame/frametest"
)

func benchmark(b *testing.B, stream string) {
	p := NewPAR(frametest.Capture{Reader: &frametest.Endless{Bytes: []byte(stream)}}, PAROpts{})
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
