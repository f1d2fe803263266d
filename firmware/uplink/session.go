package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// session is one connection's life.
type session struct {
	*Uplink
	conn *broker.Conn
	id   string

	acks    chan wire.Ack        // receipts as they come; dropped when full, then the entry is sent again
	hellos  chan wire.HelloReply // answers of the clinic
	online  chan struct{}        // the clinic has just turned online
	results chan result          // what became of entries, for the one in flight

	seen    sync.Mutex                  // guards clinics
	clinics map[string]wire.ClinicState // by topic
}

// result is what a receipt did.
type result struct {
	entry  string
	status wire.Status
}

func (u *Uplink) connect(ctx context.Context) (*session, error) {
	s := &session{
		Uplink: u, id: uuid.NewString(), acks: make(chan wire.Ack, 256), hellos: make(chan wire.HelloReply, 4),
		online: make(chan struct{}, 1), results: make(chan result, 16), clinics: map[string]wire.ClinicState{},
	}
	o := u.Broker
	o.Will = &broker.Message{Topic: u.topic(wire.StateTopic), QoS: 1, Retained: true, Payload: wire.Encode(s.state(wire.Offline))}
	var err error
	s.conn, err = broker.Connect(ctx, o)
	return s, err
}

// run uses the connection until it or ctx ends.
func (s *session) run(ctx context.Context) error {
	defer s.conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel(nil)
	parts.Go(func() {
		select {
		case <-s.conn.Done():
			cancel(s.conn.Err())
		case <-ctx.Done():
		}
	})
	if err := s.begin(ctx); err != nil {
		return cause(ctx, err)
	}
	for _, part := range []func(context.Context) error{s.listen, s.keepState, s.keepTrust} {
		parts.Go(func() { cancel(part(ctx)) })
	}
	err := cause(ctx, s.drain(ctx))
	if s.conn.Err() == nil {
		s.farewell()
	}
	return err
}

// cause prefers why the context ended to the bare fact that it did.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && errors.Is(err, context.Canceled) {
		return c
	}
	return err
}

// begin subscribes, says online, and waits for the clinic's time.
func (s *session) begin(ctx context.Context) error {
	s.report(Link{Broker: true, Why: "waiting for the clinic"})
	if err := s.conn.Subscribe(ctx, s.topic("down/+"), 0, s.receive); err != nil {
		return err
	}
	if err := s.conn.Subscribe(ctx, wire.ClinicTopic(s.root, "+"), 1, s.receiveClinic); err != nil {
		return err
	}
	if err := s.publishState(ctx, wire.Online); err != nil {
		return err
	}
	if err := s.hello(ctx); err != nil {
		return err
	}
	s.report(Link{Broker: true, Clinic: true})
	s.Queue.SetFloor(s.Queue.LastSeq() + 1)
	return nil
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
	case s.topic(wire.DownHello):
		if h, err := wire.Parse[wire.HelloReply](m.Payload); err == nil {
			offer(s.hellos, h)
		}
	}
}

// receiveClinic notes a clinic's state. A new session of a clinic, or one that turned online, is worth sending to at once.
func (s *session) receiveClinic(m broker.Message) {
	c, err := wire.Parse[wire.ClinicState](m.Payload)
	if err != nil {
		return
	}
	s.seen.Lock()
	old := s.clinics[m.Topic]
	s.clinics[m.Topic] = c
	s.seen.Unlock()
	if c.St == wire.Online && c != old {
		offer(s.online, struct{}{})
	}
}

// clinicThere says whether some clinic is online.
func (s *session) clinicThere() bool {
	s.seen.Lock()
	defer s.seen.Unlock()
	for _, c := range s.clinics {
		if c.St == wire.Online {
			return true
		}
	}
	return false
}

// farewellLimit is how long saying goodbye may take.
const farewellLimit = 2 * time.Second

// farewell says offline and waits for its PUBACK; a disconnect in good order cancels the will.
func (s *session) farewell() {
	ctx, cancel := context.WithTimeout(context.Background(), farewellLimit)
	defer cancel()
	if err := s.publishState(ctx, wire.Offline); err != nil {
		s.Log.Info("the broker did not take the farewell; it will send the will", "why", err)
	}
}

func (s *session) publishState(ctx context.Context, st string) error {
	return s.conn.Publish(ctx, broker.Message{
		Topic: s.topic(wire.StateTopic), QoS: 1, Retained: true, Payload: wire.Encode(s.state(st)),
	})
}

func (s *session) state(st string) wire.State {
	counts, now := s.Queue.Stats(), s.Clock.Now()
	return wire.State{
		St: st, Boot: now.Boot, Session: s.id, SW: s.Software, Queued: counts.Waiting, Parked: counts.Parked, Clock: string(now.Source),
	}
}

// offer hands v over if there is room.
func offer[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}

// How often the state is told anew when it changed, and the time is noted as trusted.
const (
	stateEvery = 5 * time.Second
	trustEvery = 10 * time.Minute
)

// keepState publishes the state when it has changed.
func (s *session) keepState(ctx context.Context) error {
	last := s.state(wire.Online)
	for {
		pause(ctx, stateEvery)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if now := s.state(wire.Online); now != last {
			if err := s.publishState(ctx, wire.Online); err != nil {
				return err
			}
			last = now
		}
	}
}

// keepTrust keeps the last trusted instant on disk fresh.
func (s *session) keepTrust(ctx context.Context) error {
	for {
		pause(ctx, trustEvery)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.Clock.Trust(); err != nil {
			return fatal{fmt.Errorf("note trusted time: %w", err)}
		}
	}
}
