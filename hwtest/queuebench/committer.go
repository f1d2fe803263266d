package main

import (
	"context"
	"errors"
)

// change is what one caller wants committed.
type change struct {
	puts []record
	acks []uint64
	done chan error
}

// committer gives a store group commit: what waits while a commit goes on goes into the next one together.
type committer struct {
	changes chan change
	stop    chan struct{} // closed by close
	ended   chan struct{} // closed when the goroutine has ended
	arrived chan struct{} // holds a token after a commit with puts
	apply   func([]change) error
}

// most changes in one commit.
const mostTogether = 256

var errClosed = errors.New("store is closed")

// newCommitter starts a committer; apply commits changes durably, all or nothing.
func newCommitter(apply func([]change) error) *committer {
	c := &committer{
		changes: make(chan change, mostTogether), stop: make(chan struct{}), ended: make(chan struct{}),
		arrived: make(chan struct{}, 1), apply: apply,
	}
	go c.run()
	return c
}

func (c *committer) put(ctx context.Context, r record) error {
	return c.do(ctx, change{puts: []record{r}})
}

func (c *committer) fill(ctx context.Context, rs []record) error { return c.do(ctx, change{puts: rs}) }

func (c *committer) ack(ctx context.Context, seqs ...uint64) error {
	return c.do(ctx, change{acks: seqs})
}

// do waits until w is committed.
func (c *committer) do(ctx context.Context, w change) error {
	w.done = make(chan error, 1)
	select {
	case c.changes <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stop:
		return errClosed
	}
	select {
	case err := <-w.done:
		return err
	case <-c.ended:
	}
	select { // the last commit may have held it
	case err := <-w.done:
		return err
	default:
		return errClosed
	}
}

func (c *committer) run() {
	defer close(c.ended)
	for {
		select {
		case w := <-c.changes:
			c.commit(c.gather(w))
		case <-c.stop:
			return
		}
	}
}

func (c *committer) gather(first change) []change {
	all := []change{first}
	for len(all) < mostTogether {
		select {
		case w := <-c.changes:
			all = append(all, w)
		default:
			return all
		}
	}
	return all
}

func (c *committer) commit(all []change) {
	err := c.apply(all)
	for _, w := range all {
		w.done <- err
		if len(w.puts) > 0 {
			c.wake()
		}
	}
}

func (c *committer) wake() {
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

// await asks again after each commit with puts until there are items.
func (c *committer) await(ctx context.Context, ask func() ([]entry, error)) ([]entry, error) {
	for {
		items, err := ask()
		if err != nil || len(items) > 0 {
			return items, err
		}
		select {
		case <-c.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// close ends the goroutine after the commit that goes on.
func (c *committer) close() {
	close(c.stop)
	<-c.ended
}
