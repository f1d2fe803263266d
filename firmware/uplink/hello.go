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

// firstYear is the earliest year that a clock which was ever set can show.
const firstYear = 2020

// clockJump is how far a clock may be moved without a word.
const clockJump = 5 * time.Second

// hello asks the clinic for the time, again and again until the time is known, and tells the clock. The answer is right to the round trip:
// the clinic read its clock somewhere between our two stamps.
func (s *session) hello(ctx context.Context) error {
	for {
		nonce, before := uuid.NewString(), s.Clock.Now()
		if err := s.introduce(ctx, nonce); err != nil {
			return err
		}
		reply, ok, err := s.answered(ctx, nonce)
		if err != nil {
			return err
		}
		if ok && s.sync(before, reply) {
			return nil
		}
		if ok {
			s.report(Link{Broker: true, Why: "the clinic's own clock is not set: nothing is sent until it is"})
			pause(ctx, helloEvery, s.online)
		}
	}
}

// introduce asks for the time, and says by what certificate this kiosk signs.
func (s *session) introduce(ctx context.Context, nonce string) error {
	h := wire.Hello{Nonce: nonce}
	if s.Sealing != nil {
		h.Cert = s.Sealing.Certificate()
	}
	return s.publish(ctx, broker.Message{Topic: s.topic(wire.UpHello), QoS: 1, Payload: wire.Encode(h)})
}

// answered waits for the reply to nonce. It gives up, to ask again, after helloEvery or when the clinic turns online.
func (s *session) answered(ctx context.Context, nonce string) (wire.HelloReply, bool, error) {
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

// sync tells the clock, and says whether the time is known now. A kernel that NTP keeps right is believed before the clinic, whose own
// clock may be off by hours.
func (s *session) sync(before clock.Stamp, reply wire.HelloReply) bool {
	now := s.Clock.Now()
	switch {
	case now.Source == clock.NTP:
		s.lasting(s.Clock.Trust())
		return wasSet(now.Wall)
	case !wasSet(reply.Now):
		return false
	}
	trip, _ := now.Since(before)
	middle := before
	middle.SinceBoot += trip / 2
	s.lasting(s.Clock.Sync(middle, reply.Now, clock.Clinic, trip/2+time.Millisecond))
	if moved := s.Clock.Now().Wall.Sub(now.Wall).Round(time.Second); s.Clocked != nil && moved.Abs() > clockJump {
		s.Clocked(moved)
	}
	return wasSet(s.Clock.Now().Wall)
}

// wasSet says whether t can come from a clock that was ever set.
func wasSet(t time.Time) bool { return t.UTC().Year() >= firstYear }

// lasting notes that the clock could not write to disk. It still knows the time; readings that wait over a reboot would be sent with bounds
// instead of a time, which is no reason to stop.
func (s *session) lasting(err error) {
	if err != nil {
		s.Log.Error("the clock's state is not on disk: check the disk", "why", err)
	}
}
