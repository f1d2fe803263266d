package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
	"nabz/queue"
)

// drain sends one entry after another until ctx or the connection ends.
func (s *session) drain(ctx context.Context) error {
	for {
		items, err := s.Queue.Next(ctx, queue.Any, 1)
		if err != nil {
			return storeError(ctx, err)
		}
		if err := s.deliver(ctx, items[0]); err != nil {
			return err
		}
	}
}

// storeError marks an error of the queue as fatal unless it is only ctx that ended.
func storeError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fatal{err}
}

// deliver sends one item and waits for what the clinic says. After a retry or silence it waits, and the caller looks again: an urgent item
// may have come meanwhile.
func (s *session) deliver(ctx context.Context, it queue.Item) error {
	payload, err := s.encode(ctx, it)
	var unfit unfitError
	if errors.As(err, &unfit) {
		s.Log.Error("entry cannot be sent and is parked", "entry", it.ID, "why", unfit.why)
		s.tell(it.ID, Parked, unfit.Error())
		return storeError(ctx, s.Queue.Park(ctx, it.Seq, unfit.Error()))
	}
	if errors.Is(err, fhir.ErrTime) {
		s.Log.Error("the clinic's clock is wrong: nothing is sent with it", "entry", it.ID, "why", err)
		return s.hold(ctx, it)
	}
	if err != nil {
		return err
	}
	s.forgetResults()
	if err := s.conn.Publish(ctx, broker.Message{Topic: s.topic(wire.UpObs), QoS: 1, Payload: payload}); err != nil {
		return err
	}
	s.tell(it.ID, Sent)
	answered, err := s.await(ctx, it.ID)
	if err != nil {
		return err
	}
	if answered {
		s.tries = 0
		return nil
	}
	return s.hold(ctx, it)
}

// await waits for the receipt of the entry in flight. It gives up, to send again, on retry, on silence, and when the clinic turns online.
func (s *session) await(ctx context.Context, entry string) (answered bool, err error) {
	t := time.NewTimer(s.Silence)
	defer t.Stop()
	for {
		select {
		case r := <-s.results:
			if r.entry == entry {
				return r.status != wire.Retry, nil
			}
		case <-s.online:
			offer(s.online, struct{}{}) // hold then does not wait
			return false, nil
		case <-t.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// hold waits before the next attempt: longer each time for the same item, not at all when the clinic has just turned online, and no
// longer than until an urgent item comes when this one is routine.
func (s *session) hold(ctx context.Context, it queue.Item) error {
	if it.Seq != s.at {
		s.at, s.tries = it.Seq, 0
	}
	s.report(Link{Broker: true, Clinic: s.clinicThere(), Why: "the clinic has not recorded yet"})
	wait, cancel := context.WithTimeout(ctx, backoff(s.tries, lastRetry))
	s.tries++
	urgent, ended := s.urgent(wait, it)
	select {
	case <-wait.Done():
	case <-s.online:
	case <-urgent:
	}
	cancel()
	<-ended
	return ctx.Err()
}

// urgent closes its first channel when an urgent item waits while it, a routine one, is held back; the second when it has stopped looking.
func (s *session) urgent(ctx context.Context, it queue.Item) (came, ended <-chan struct{}) {
	found, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if it.Lane == queue.Urgent {
			return
		}
		if _, err := s.Queue.Next(ctx, queue.Urgent, 1); err == nil {
			close(found)
		}
	}()
	return found, done
}

// forgetResults drops what earlier receipts left behind.
func (s *session) forgetResults() {
	for {
		select {
		case <-s.results:
		default:
			return
		}
	}
}

// note is what an item was first sent with; every retry uses it again.
type note struct {
	Instant  clock.Instant `json:"instant"`
	Sent     time.Time     `json:"sent"`
	Software string        `json:"software"`
}

// unfitError says that an entry can never be sent as it is.
type unfitError struct{ why error }

func (u unfitError) Error() string { return fmt.Sprintf("cannot be sent: %v", u.why) }

// encode makes an item's payload, the same each time: what it is first sent with is kept durably before anything leaves.
func (s *session) encode(ctx context.Context, it queue.Item) ([]byte, error) {
	entry, err := reading.Decode(it.Payload)
	if err != nil {
		return nil, unfitError{err}
	}
	n, kept := noted(it)
	if !kept {
		n = note{Instant: s.Clock.Resolve(entry.Taken()), Sent: s.Clock.Now().Wall, Software: s.Software}
	}
	bundle, err := fhir.Encode(entry, fhir.Context{
		Kiosk: s.Kiosk, Base: s.Base, Software: n.Software, Zone: s.Zone, Instant: n.Instant, Sent: n.Sent,
	})
	if errors.Is(err, fhir.ErrTime) {
		return nil, err // nothing is noted, so a better time can still be used
	}
	if err != nil {
		return nil, unfitError{err}
	}
	if !kept {
		err = s.keep(ctx, it, n)
	}
	return wire.Pack(bundle, s.Compress), err
}

// noted returns the item's note, if it has one.
func noted(it queue.Item) (note, bool) {
	var n note
	ok := len(it.Note) > 0 && json.Unmarshal(it.Note, &n) == nil
	return n, ok
}

func (s *session) keep(ctx context.Context, it queue.Item, n note) error {
	raw, err := json.Marshal(n)
	if err != nil {
		return fatal{err}
	}
	return storeError(ctx, s.Queue.Note(ctx, it.Seq, raw))
}
