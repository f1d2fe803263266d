package uplink

import (
	"context"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/wire"
)

// helloEvery is how often the clinic is asked for the time until it answers.
const helloEvery = 5 * time.Second

// hello asks the clinic for the time, again and again until it answers, and tells the clock. The answer is right to the round trip: the
// clinic read its clock somewhere between our two stamps.
func (s *session) hello(ctx context.Context) error {
	for {
		nonce, before := uuid.NewString(), s.Clock.Now()
		err := s.conn.Publish(ctx, broker.Message{Topic: s.topic(wire.UpHello), QoS: 1, Payload: wire.Encode(wire.Hello{Nonce: nonce})})
		if err != nil {
			return err
		}
		reply, ok, err := s.answer(ctx, nonce)
		if err != nil {
			return err
		}
		if ok {
			return s.sync(before, reply)
		}
	}
}

// answer waits for the reply to nonce. It gives up, to be asked again, after helloEvery or when the clinic turns online.
func (s *session) answer(ctx context.Context, nonce string) (wire.HelloReply, bool, error) {
	t := time.NewTimer(helloEvery)
	defer t.Stop()
	for {
		select {
		case r := <-s.hellos:
			if r.Nonce == nonce {
				return r, true, nil
			}
		case <-s.online:
			return wire.HelloReply{}, false, nil
		case <-t.C:
			return wire.HelloReply{}, false, nil
		case <-ctx.Done():
			return wire.HelloReply{}, false, ctx.Err()
		}
	}
}

func (s *session) sync(before clock.Stamp, reply wire.HelloReply) error {
	trip, _ := s.Clock.Now().Since(before)
	middle := before
	middle.SinceBoot += trip / 2
	if err := s.Clock.Sync(middle, reply.Now, clock.Clinic, trip/2+time.Millisecond); err != nil {
		return fatal{err}
	}
	return nil
}
