package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// byTurns puts a reading, then acknowledges the one before, until the time is over. It leaves nothing waiting.
func byTurns(ctx context.Context, s store, d time.Duration, numbers *atomic.Uint64) (readings int, err error) {
	if err := s.put(ctx, makeRecord(numbers.Add(1))); err != nil {
		return 0, err
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
		readings++
		if err := s.put(ctx, makeRecord(numbers.Add(1))); err != nil {
			return readings, err
		}
		if err := drain(ctx, s, 1, 1); err != nil {
			return readings, err
		}
	}
	return readings + 1, drain(ctx, s, 1, 1)
}

// behind is how far the acknowledgments may be behind the puts.
const behind = 64

// pipeline puts from so many goroutines while another acknowledges what was put, at least so many and at most 16 at a time.
func pipeline(writers, least int) func(context.Context, store, time.Duration, *atomic.Uint64) (int, error) {
	return func(ctx context.Context, s store, d time.Duration, numbers *atomic.Uint64) (readings int, err error) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		puts := make(chan struct{}, behind)
		var all sync.WaitGroup
		end := time.Now().Add(d)
		for range writers {
			all.Go(func() {
				if err := putAndTell(ctx, s, end, numbers, puts); err != nil {
					cancel(err)
				}
			})
		}
		go func() {
			all.Wait()
			close(puts)
		}()
		readings, err = ackWhatWasPut(ctx, s, puts, least)
		cancel(err)
		all.Wait()
		return readings, errors.Join(err, failure(ctx))
	}
}

// failure is why ctx was cancelled, unless that was only because the work is done.
func failure(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func putAndTell(ctx context.Context, s store, end time.Time, numbers *atomic.Uint64, puts chan<- struct{}) error {
	for time.Now().Before(end) {
		if err := s.put(ctx, makeRecord(numbers.Add(1))); err != nil {
			return err
		}
		select {
		case puts <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ackWhatWasPut acknowledges until puts is closed and all of it is done.
func ackWhatWasPut(ctx context.Context, s store, puts <-chan struct{}, least int) (readings int, err error) {
	const most = 16
	for {
		n := receive(puts, least, most)
		if n == 0 {
			return readings, ctx.Err()
		}
		if err := drain(ctx, s, n, n); err != nil {
			return readings, err
		}
		readings += n
	}
}

// receive waits for at least so many and takes what else is there, up to most. It returns fewer only at the end.
func receive(from <-chan struct{}, least, most int) (n int) {
	for n < most {
		if n < least {
			if _, ok := <-from; !ok {
				return n
			}
			n++
			continue
		}
		select {
		case _, ok := <-from:
			if !ok {
				return n
			}
			n++
		default:
			return n
		}
	}
	return n
}
