package uplink

import (
	"context"
	"math/rand/v2"
	"time"
)

// Bounds of the two back-offs. A connection costs little to try; an entry that the clinic does not take now costs its bytes.
const (
	firstRetry    = time.Second
	lastRetry     = 5 * time.Minute
	lastReconnect = 10 * time.Second
)

// backoff is the time before the next attempt after so many failed ones: doubling from one second to last, less up to half of it at
// random, so that kiosks which lost the same link do not come back in step.
func backoff(tries int, last time.Duration) time.Duration {
	d := last
	if tries < 20 {
		d = min(firstRetry<<tries, last)
	}
	return d - rand.N(d/2)
}

// pause waits, or returns early when ctx ends or something comes on wake.
func pause(ctx context.Context, d time.Duration, wake ...<-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	var early <-chan struct{}
	if len(wake) > 0 {
		early = wake[0]
	}
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-early:
	}
}
