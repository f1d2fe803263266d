package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRatioIsWithinTheRound(t *testing.T) {
	// The machine was four times slower in the second round, for both.
	c, ref := &tally{perSecond: []float64{80, 20, 90}}, &tally{perSecond: []float64{100, 25, 100}}
	if got := ratio(c, ref); got != 0.8 {
		t.Errorf("got %v, want 0.8", got)
	}
}

func TestPercentile(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i))
	}
	want(t, "p50", percentile(all, 0.5), time.Duration(51))
	want(t, "p99", percentile(all, 0.99), time.Duration(100))
	want(t, "of one", percentile(all[:1], 0.99), time.Duration(100))
}

func TestPutForCountsEveryPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var numbers atomic.Uint64
		put := func(context.Context, record) error {
			<-time.After(10 * time.Millisecond)
			return nil
		}
		each, took, err := putFor(t.Context(), put, 4, time.Second, &numbers)
		must(t, err)
		want(t, "puts", len(each), 400)
		want(t, "numbers given", numbers.Load(), uint64(400))
		want(t, "time in all", took, time.Second)
		want(t, "time of one", each[0], 10*time.Millisecond)
	})
}

func TestPutForReportsAFailure(t *testing.T) {
	broken := errors.New("disk broke")
	var numbers atomic.Uint64
	_, _, err := putFor(t.Context(), func(context.Context, record) error { return broken }, 2, time.Second, &numbers)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
