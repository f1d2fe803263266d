package queue

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var reading = []byte(strings.Repeat("a reading of about a thousand bytes ", 28))

// BenchmarkPut measures single and concurrent puts, and in the same run what the disk can do at all: appending to a growing file and writing
// into a preallocated one, each with fdatasync. The ratios are what counts; disks and neighbours differ.
func BenchmarkPut(b *testing.B) {
	grow := measure(b, 1, appender(b, false))
	b.Run("append-and-fdatasync", func(b *testing.B) { grow.report(b, grow) })
	flat := measure(b, 1, appender(b, true))
	b.Run("preallocated-and-fdatasync", func(b *testing.B) { flat.report(b, grow) })
	for _, writers := range []int{1, 16} {
		q := open(b, b.TempDir())
		var mu sync.Mutex
		n := 0
		r := measure(b, writers, func() error {
			mu.Lock()
			n++
			id := fmt.Sprintf("0192f3a1-7c5e-7b1a-9d0e-%012d", n)
			mu.Unlock()
			return q.Put(context.Background(), id, Routine, reading)
		})
		b.Run(fmt.Sprintf("queue-%d-writers", writers), func(b *testing.B) { r.report(b, grow) })
	}
}

// timing is the time of every operation, and of all together.
type timing struct {
	each []time.Duration
	all  time.Duration
}

const benchTime = 2 * time.Second

// measure does f again and again from so many goroutines.
func measure(b *testing.B, writers int, f func() error) timing {
	b.Helper()
	var r timing
	var mu sync.Mutex
	var group sync.WaitGroup
	began := time.Now()
	for range writers {
		group.Go(func() {
			for time.Since(began) < benchTime {
				start := time.Now()
				if err := f(); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				r.each = append(r.each, time.Since(start))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	r.all = time.Since(began)
	slices.Sort(r.each)
	return r
}

func (r timing) perSecond() float64 { return float64(len(r.each)) / r.all.Seconds() }

func (r timing) report(b *testing.B, reference timing) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(r.perSecond(), "puts/s")
	b.ReportMetric(r.perSecond()/reference.perSecond(), "x-append")
	b.ReportMetric(float64(r.each[len(r.each)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(r.each[len(r.each)*99/100].Microseconds()), "p99-µs")
}

// appender writes records into a file with fdatasync after each.
func appender(b *testing.B, preallocated bool) func() error {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	must(b, err)
	b.Cleanup(func() { f.Close() })
	const size = 64 << 20
	if preallocated {
		for range size >> 20 {
			_, err := f.Write(make([]byte, 1<<20))
			must(b, err)
		}
		must(b, f.Sync())
	}
	at := int64(0)
	return func() error {
		if _, err := f.WriteAt(reading, at%size); err != nil {
			return err
		}
		at += int64(len(reading))
		return syscall.Fdatasync(int(f.Fd()))
	}
}

// BenchmarkDrain takes items out one by one and acknowledges them in batches of a hundred.
func BenchmarkDrain(b *testing.B) {
	q := open(b, b.TempDir())
	for i := range b.N {
		must(b, q.Put(context.Background(), fmt.Sprint(i), Routine, reading))
	}
	b.ResetTimer()
	for left := b.N; left > 0; {
		items, err := q.Next(context.Background(), Any, 100)
		must(b, err)
		var seqs []uint64
		for _, it := range items {
			seqs = append(seqs, it.Seq)
		}
		must(b, q.Ack(context.Background(), seqs...))
		left -= len(items)
	}
}
