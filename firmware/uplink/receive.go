package uplink

import (
	"context"
	"errors"
	"fmt"

	"nabz/firmware/wire"
	"nabz/queue"
)

// listen acts on every receipt, of the entry in flight or of any other.
func (s *session) listen(ctx context.Context) error {
	for {
		select {
		case a := <-s.acks:
			if err := s.act(ctx, a); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// act does what one receipt says. Receipts may come twice and late.
func (s *session) act(ctx context.Context, a wire.Ack) error {
	entry, ours := wire.EntryID(s.Kiosk, a.ID)
	if !ours {
		return nil
	}
	it, state, err := s.Queue.Find(entry)
	if errors.Is(err, queue.ErrUnknown) {
		return nil // delivered so long ago that it is forgotten
	}
	if err != nil {
		return storeError(ctx, err)
	}
	if err := s.apply(ctx, a, it, state); err != nil {
		return err
	}
	offer(s.results, result{entry, a.Status})
	return nil
}

func (s *session) apply(ctx context.Context, a wire.Ack, it queue.Item, state queue.State) error {
	switch a.Status {
	case wire.Stored, wire.Duplicate:
		return s.recorded(ctx, it, state)
	case wire.Rejected:
		if state != queue.Waiting {
			return nil
		}
		s.Log.Warn("the record refuses an entry; it is parked", "entry", it.ID, "reasons", a.Reason)
		s.tell(it.ID, Parked, a.Reason...)
		return storeError(ctx, s.Queue.Park(ctx, it.Seq, reasons(a)))
	case wire.Retry:
		s.tell(it.ID, Retried, a.Reason...)
	case wire.Seen:
		s.tell(it.ID, Seen)
	}
	return nil
}

func (s *session) recorded(ctx context.Context, it queue.Item, state queue.State) error {
	if state != queue.Delivered {
		if err := s.Queue.Ack(ctx, it.Seq); err != nil {
			return storeError(ctx, err)
		}
	}
	s.tell(it.ID, Recorded)
	s.report(Link{Broker: true, Clinic: true})
	if counts := s.Queue.Stats(); counts.Waiting+counts.Parked == 0 {
		if err := s.Clock.Forget(nil); err != nil {
			return fatal{err}
		}
	}
	return nil
}

func reasons(a wire.Ack) string {
	if len(a.Reason) == 0 {
		return "the record gave no reason"
	}
	return fmt.Sprint(a.Reason)
}
