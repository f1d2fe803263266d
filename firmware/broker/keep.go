package broker

import (
	"context"
	"time"
)

// againEvery is how long Keep waits before the broker is tried again: it is on this machine or near it. A kiosk's link needs more patience than that.
const againEvery = time.Second

// Keep serves again and again, each time with a connection of its own, until ctx ends. lost is told why one ended.
func Keep(ctx context.Context, serve func(context.Context) error, lost func(error)) {
	for {
		err := serve(ctx)
		if ctx.Err() != nil {
			return
		}
		lost(err)
		t := time.NewTimer(againEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}
