package uplink

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// ErrNoClinic says that no clinic is reached now.
var ErrNoClinic = errors.New("the clinic is not reached")

// Ask asks the clinic, over the connection that there is, how it and its record are, and says how long that took. Without a connection it is ErrNoClinic.
func (u *Uplink) Ask(ctx context.Context) (wire.HelloReply, time.Duration, error) {
	u.mu.Lock()
	s := u.on
	u.mu.Unlock()
	if s == nil {
		return wire.HelloReply{}, 0, ErrNoClinic
	}
	nonce, answer, begun := uuid.NewString(), make(chan wire.HelloReply, 1), time.Now()
	s.asked.Store(nonce, answer)
	defer s.asked.Delete(nonce)
	if err := s.publish(ctx, broker.Message{Topic: s.topic(wire.UpHello), QoS: 1, Payload: wire.Encode(wire.Hello{Nonce: nonce, Check: true})}); err != nil {
		return wire.HelloReply{}, 0, err
	}
	select {
	case r := <-answer:
		return r, time.Since(begun), nil
	case <-s.conn.Done():
		return wire.HelloReply{}, 0, ErrNoClinic
	case <-ctx.Done():
		return wire.HelloReply{}, 0, errors.New("the clinic does not answer")
	}
}

func (u *Uplink) setOn(s *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.on = s
}
