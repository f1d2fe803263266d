package main

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

func TestWhatWaitsIsCommittedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		goOn := make(chan error)
		c := newCommitter(func(all []change) error {
			sizes = append(sizes, len(all))
			return <-goOn
		})
		var group sync.WaitGroup
		start := func(n int, want error) {
			for i := range n {
				group.Go(func() {
					if err := c.put(t.Context(), makeRecord(uint64(i))); !errors.Is(err, want) {
						t.Errorf("put returned %v, want %v", err, want)
					}
				})
			}
			synctest.Wait()
		}
		bad := errors.New("disk broke")
		start(1, nil)
		start(5, bad) // while the first is being committed
		goOn <- nil
		goOn <- bad
		group.Wait()
		want(t, "changes in each commit", sizes, []int{1, 5})
		c.close()
		if err := c.ack(t.Context(), 1); !errors.Is(err, errClosed) {
			t.Errorf("ack after close returned %v", err)
		}
	})
}
