package uplink

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/pulse"
	"nabz/firmware/wire"
	"nabz/queue"
)

// inView is how many entries are looked at to find one that may go; lookEvery how often, while all of them are held back.
const (
	inView    = 16
	lookEvery = time.Second
)

// drain sends one entry after another until ctx or the connection ends.
func (s *session) drain(ctx context.Context) error {
	for ctx.Err() == nil { // while every entry is held back, nothing else here looks at ctx
		if s.fresh.Swap(false) {
			s.pace.release()
			pulse.Rest(ctx)
			if s.Sealing != nil { // a clinic that lost its ledger does not know by what key this kiosk signs
				if err := s.introduce(ctx, uuid.NewString()); err != nil {
					return err
				}
			}
		}
		pulse.Rest(ctx)
		items, err := s.Queue.Next(ctx, queue.Any, inView)
		if pulse.Beat(ctx); err != nil {
			return storeError(ctx, err)
		}
		i, wait := s.pace.pick(items, time.Now())
		if i < 0 {
			pulse.Rest(ctx)
			pause(ctx, min(wait, lookEvery), s.online)
			continue
		}
		got, err := s.deliver(ctx, items[i])
		if err != nil {
			s.pace.cut(items[i].Seq, time.Now())
			return err
		}
		pulse.Beat(ctx)
		s.apply(items[i].Seq, got)
	}
	return ctx.Err()
}

// answer is how an attempt ended.
type answer int

const (
	gone    answer = iota // settled, or no longer in the queue
	notYet                // the clinic asks for it again, or says nothing
	restart               // the clinic turned online: what it was told before is lost
)

func (s *session) apply(seq uint64, got answer) {
	switch got {
	case gone:
		s.pace.settled(seq)
	case notYet:
		s.pace.failed(seq, time.Now())
		s.report(Link{Broker: true, Clinic: s.there.Load(), Why: "the clinic has not recorded yet"})
	}
}

// deliver sends one item and waits for what the clinic says.
func (s *session) deliver(ctx context.Context, it queue.Item) (answer, error) {
	payload, err := s.encode(ctx, it)
	var unfit unfitError
	switch {
	case errors.As(err, &unfit):
		return gone, s.park(ctx, it, unfit.Error())
	case errors.Is(err, queue.ErrUnknown):
		return gone, nil // a late receipt came first
	case err != nil:
		return gone, storeError(ctx, err)
	}
	s.forget()
	end := s.durable.begin()
	pulse.Rest(ctx) // the broker's time and the clinic's have limits of their own
	err = s.publish(ctx, broker.Message{Topic: s.topic(wire.UpObs), QoS: 1, Payload: payload})
	if end(); err != nil {
		return gone, err
	}
	s.tell(it.ID, Sent)
	return s.await(ctx, it.ID)
}

// await waits for the receipt of the entry in flight.
func (s *session) await(ctx context.Context, entry string) (answer, error) {
	t := time.NewTimer(s.Silence)
	defer t.Stop()
	for {
		select {
		case r := <-s.results:
			switch {
			case r.entry != entry:
			case r.status == wire.Retry:
				return notYet, nil
			default:
				return gone, nil
			}
		case <-s.online:
			return restart, nil
		case <-t.C:
			return notYet, nil
		case <-ctx.Done():
			return gone, ctx.Err()
		}
	}
}

// forget drops what came before the next attempt: it does not concern it.
func (s *session) forget() {
	for {
		select {
		case <-s.results:
		case <-s.online:
		default:
			return
		}
	}
}

// park takes an item out of the way, durably before anybody is told.
func (s *session) park(ctx context.Context, it queue.Item, reasons ...string) error {
	err := s.Queue.Park(ctx, it.Seq, spell(reasons))
	if errors.Is(err, queue.ErrUnknown) {
		return nil // acknowledged meanwhile
	}
	if err != nil {
		return storeError(ctx, err)
	}
	s.Log.Warn("entry parked: it waits for a person", "entry", it.ID)
	s.tell(it.ID, Parked, reasons...)
	return nil
}

// storeError marks an error of the queue as fatal unless it is only ctx that ended.
func storeError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fatal{err}
}
