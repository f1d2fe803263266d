package oximeter

import (
	"bytes"
	"context"
	"testing"

	"nabz/drivers/frame/frametest"
)

func benchmark(b *testing.B, stream []byte) {
	c := NewContec(frametest.Capture{Reader: &frametest.Endless{Bytes: stream}}, DialectContec)
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
