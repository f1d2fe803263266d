package firmware

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/pulse"
	"nabz/firmware/uplink"
	"nabz/firmware/visits"
	"nabz/queue"
)

// receipts keeps what became of each reading, durably and beside the uplink, which must not wait for it.
type receipts struct {
	store *visits.Store
	queue *queue.Queue
	clock *clock.Clock
	seen  func(entry string) // is told when "seen" is kept
	note  func(...audit.Entry) error

	mu      sync.Mutex
	pending []uplink.Receipt
	wake    chan struct{}
}

func newReceipts(s *visits.Store, q *queue.Queue, c *clock.Clock, note func(...audit.Entry) error) *receipts {
	return &receipts{store: s, queue: q, clock: c, note: note, wake: make(chan struct{}, 1)}
}

func (r *receipts) String() string { return "receipts" }

// add takes one receipt from the uplink and returns at once.
func (r *receipts) add(u uplink.Receipt) {
	r.mu.Lock()
	r.pending = append(r.pending, u)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run writes receipts as they come. What a crash leaves unwritten, reconcile finds in the queue.
func (r *receipts) Run(ctx context.Context) error {
	for {
		pulse.Rest(ctx)
		select {
		case <-ctx.Done():
			return errors.Join(r.write(), ctx.Err())
		case <-r.wake:
			pulse.Beat(ctx)
			if err := r.write(); err != nil {
				return err
			}
		}
	}
}

func (r *receipts) write() error {
	r.mu.Lock()
	batch := r.pending
	r.pending = nil
	r.mu.Unlock()
	for _, u := range batch {
		if err := r.keep(u); err != nil {
			return err
		}
	}
	return r.note(acts(batch)...)
}

// acts are what the audit has of receipts.
func acts(batch []uplink.Receipt) (all []audit.Entry) {
	for _, u := range batch {
		switch u.Step {
		case uplink.Recorded:
			all = append(all, audit.Entry{Who: "clinic", Did: audit.Recorded, What: u.Entry, OK: true})
		case uplink.Seen:
			all = append(all, audit.Entry{Who: "clinic", Did: audit.Seen, What: u.Entry, OK: true})
		}
	}
	return all
}

func (r *receipts) keep(u uplink.Receipt) error {
	switch u.Step {
	case uplink.Sent:
		return r.store.Reach(u.Entry, visits.Sent, u.At)
	case uplink.Recorded:
		return r.store.Reach(u.Entry, visits.Recorded, u.At)
	case uplink.Seen:
		if err := r.store.Reach(u.Entry, visits.Seen, u.At); err != nil {
			return err
		}
		r.seen(u.Entry)
	case uplink.Parked:
		return r.store.Park(u.Entry, strings.Join(u.Reasons, "; "))
	}
	return nil // a retry changes nothing that a worker sees
}

// reconcile brings receipts up to what the queue knows, after a crash between the two.
func (r *receipts) reconcile() error {
	all, err := r.store.Receipts("")
	if err != nil {
		return err
	}
	now := r.clock.Now()
	for _, receipt := range all {
		if receipt.Done() {
			continue
		}
		item, state, err := r.queue.Find(receipt.Entry)
		if errors.Is(err, queue.ErrUnknown) {
			continue // not put yet: the desk puts it again when it resumes the visit
		}
		if err != nil {
			return fmt.Errorf("reconcile receipts: %w", err)
		}
		if err := r.match(receipt, item, state, now); err != nil {
			return err
		}
	}
	return nil
}

func (r *receipts) match(kept visits.Receipt, item queue.Item, state queue.State, now clock.Stamp) error {
	if _, saved := kept.Steps[visits.Saved]; !saved {
		if err := r.store.Reach(kept.Entry, visits.Saved, now); err != nil {
			return err
		}
	}
	switch {
	case state == queue.Delivered:
		return r.store.Reach(kept.Entry, visits.Recorded, now)
	case kept.Parked != item.Parked: // of one that waits it is empty: it was released
		return r.store.Park(kept.Entry, item.Parked)
	}
	return nil
}
