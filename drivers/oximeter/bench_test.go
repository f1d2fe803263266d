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

// BenchmarkDayOfCMS50 plays what a CMS50 sends in 24 hours, 60 packets a second, and tells the frames a second of one processor.
func BenchmarkDayOfCMS50(b *testing.B) {
	const day = 24 * 60 * 60 * 60
	packets := make([]byte, 0, 9*600)
	for i := range 600 { // ten seconds of a pulse wave and of numbers that move
		packets = append(packets, live(5, 30+byte(i%60), 3, 70+byte(i/100), 96+byte(i/300), 0x4e, 2)...)
	}
	c := NewContec(frametest.Capture{Reader: &frametest.Endless{Bytes: packets}}, DialectContec)
	b.ReportAllocs()
	for b.Loop() {
		for range day {
			if _, err := c.Next(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(day)*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
