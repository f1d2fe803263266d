package uplink

import (
	"context"
	"errors"
	"strings"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
	"nabz/queue"
)

// news is a clinic's state as it came.
type news struct {
	topic string
	state wire.ClinicState
}

// receive sorts what comes down. It never waits.
func (s *session) receive(m broker.Message) {
	switch m.Topic {
	case s.topic(wire.DownAck):
		a, err := wire.ParseAck(m.Payload)
		if err != nil {
			s.Log.Warn("receipt not understood", "why", err)
			return
		}
		offer(s.acks, a)
	case s.topic(wire.DownCmd):
		c, err := wire.ParseCommand(m.Payload)
		if err != nil {
			s.Log.Warn("command not understood", "why", err)
			return
		}
		if c.Kind == wire.CommandWatch {
			s.watched.look(c, time.Now())
			return
		}
		offer(s.commands, c)
	case s.topic(wire.DownAudit):
		if n, err := wire.ParseAuditNext(m.Payload); err == nil {
			offer(s.audits, n)
		}
	case s.topic(wire.DownCfg):
		if s.Profile != nil && len(m.Payload) > 0 {
			s.Profile(m.Payload)
		}
	case s.topic(wire.DownHello):
		if h, err := wire.Parse[wire.HelloReply](m.Payload); err == nil {
			if to, ok := s.asked.LoadAndDelete(h.Nonce); ok {
				to.(chan wire.HelloReply) <- h // it has room for it
			} else {
				offer(s.hellos, h)
			}
		}
	}
}

// receiveClinic takes a clinic's state. One that cannot be read, or is empty because it was cleared, is a clinic that is not there.
func (s *session) receiveClinic(m broker.Message) {
	c, err := wire.Parse[wire.ClinicState](m.Payload)
	if err != nil {
		c = wire.ClinicState{}
	}
	offer(s.states, news{m.Topic, c})
}

// listen acts on everything that comes down, of the entry in flight or of any other, until ctx ends.
func (s *session) listen(ctx context.Context) error {
	for {
		select {
		case a := <-s.acks:
			if err := s.act(ctx, a); err != nil {
				return err
			}
		case n := <-s.states:
			s.notice(n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// notice draws the conclusions from a clinic's state. A new session of a clinic, or one that turned online, is worth sending to at once.
func (s *session) notice(n news) {
	old := s.clinics[n.topic]
	s.clinics[n.topic] = n.state
	there := false
	for _, c := range s.clinics {
		there = there || c.St == wire.Online
	}
	s.there.Store(there)
	if n.state.St == wire.Online && n.state != old {
		s.fresh.Store(true)
		offer(s.online, struct{}{})
	}
	switch {
	case !there:
		s.report(Link{Broker: true, Why: "the clinic is offline"})
	case s.greeted.Load():
		s.report(Link{Broker: true, Clinic: true})
	}
}

// act does what one receipt says. Receipts may come twice and late.
func (s *session) act(ctx context.Context, a wire.Ack) error {
	entry, ours := wire.EntryID(s.Kiosk, a.ID)
	if !ours {
		return nil
	}
	if a.Status == wire.Seen {
		s.tell(entry, Seen) // also when the queue has long forgotten it
		return nil
	}
	it, state, err := s.Queue.Find(entry)
	if errors.Is(err, queue.ErrUnknown) {
		return nil
	}
	if err != nil {
		return storeError(ctx, err)
	}
	if err := s.settle(ctx, a, it, state); err != nil {
		return err
	}
	if a.Status != wire.Retry {
		s.useful.Store(true)
	}
	offer(s.results, result{entry, a.Status})
	return nil
}

func (s *session) settle(ctx context.Context, a wire.Ack, it queue.Item, state queue.State) error {
	switch {
	case a.Status == wire.Stored, a.Status == wire.Duplicate:
		return s.recorded(ctx, it, state)
	case state != queue.Waiting:
		return nil
	case a.Status == wire.Rejected:
		return s.park(ctx, it, a.Reason...)
	}
	s.tell(it.ID, Retried, a.Reason...)
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
		s.lasting(s.Clock.Forget(nil))
	}
	return nil
}

// spell makes one line of reasons.
func spell(reasons []string) string {
	if len(reasons) == 0 {
		return "the record gave no reason"
	}
	return strings.Join(reasons, "; ")
}

// offer hands v over if there is room.
func offer[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}
