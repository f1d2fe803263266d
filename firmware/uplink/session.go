package uplink

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// session is one connection's life. What comes down is handed to listen, which alone acts on it; drain alone sends entries.
type session struct {
	*Uplink
	conn  *broker.Conn
	id    string
	parts sync.WaitGroup

	acks    chan wire.Ack        // receipts as they come; dropped when full, then the entry is sent again
	hellos  chan wire.HelloReply // answers of the clinic
	states  chan news            // of clinics
	online  chan struct{}        // a clinic has just turned online
	results chan result          // what became of entries, for the one in flight

	asked    sync.Map            // channels of Ask, by nonce
	audits   chan wire.AuditNext // how far the clinic has the audit
	commands chan wire.Command   // for people, or the box; dropped when full, then they come again

	there   atomic.Bool // some clinic says that it is online
	fresh   atomic.Bool // a clinic has turned online since drain last looked
	greeted atomic.Bool // the clinic has answered on this connection
	useful  atomic.Bool // the clinic has given a final receipt on this connection

	watched  watchers // of the live session
	durable  busy     // an entry is on its way to the broker
	throttle throttle
}

// result is what a receipt did.
type result struct {
	entry  string
	status wire.Status
}

func (u *Uplink) connect(ctx context.Context) (*session, error) {
	s := &session{
		Uplink: u, id: uuid.NewString(), acks: make(chan wire.Ack, 256), hellos: make(chan wire.HelloReply, 4),
		states: make(chan news, 64), online: make(chan struct{}, 1), results: make(chan result, 16), commands: make(chan wire.Command, 16), audits: make(chan wire.AuditNext, 1),
		watched: watchers{woken: make(chan struct{}, 1)},
	}
	o := u.Broker
	o.Will = &broker.Message{Topic: u.topic(wire.StateTopic), QoS: 1, Retained: true, Payload: wire.Encode(s.state(wire.Offline))}
	var err error
	s.conn, err = broker.Connect(ctx, o)
	return s, err
}

// run uses the connection until it or ctx ends, and says why.
func (s *session) run(ctx context.Context) error {
	defer s.conn.Close()
	within, cancel := context.WithCancelCause(ctx)
	start := func(part func(context.Context) error) { s.parts.Go(func() { cancel(part(within)) }) }
	start(s.watch)
	start(s.listen)
	cancel(s.work(within, start))
	s.parts.Wait()
	if s.conn.Err() == nil {
		s.farewell()
	}
	return context.Cause(within)
}

// watch ends with the connection.
func (s *session) watch(ctx context.Context) error {
	select {
	case <-s.conn.Done():
		return s.conn.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// work subscribes, says online, waits for the clinic's time, and drains.
func (s *session) work(ctx context.Context, start func(func(context.Context) error)) error {
	s.report(Link{Broker: true, Why: "waiting for the clinic"})
	if err := s.subscribe(ctx); err != nil {
		return err
	}
	told := s.state(wire.Online)
	if err := s.publishState(ctx, told); err != nil {
		return err
	}
	start(func(ctx context.Context) error { return s.keepState(ctx, told) })
	if err := s.hello(ctx); err != nil {
		return err
	}
	s.greeted.Store(true)
	s.setOn(s)
	defer s.setOn(nil)
	s.report(Link{Broker: true, Clinic: true})
	if s.Live != nil {
		start(s.show)
	}
	if s.Requests != nil {
		start(s.serve)
	}
	if s.Tally != nil {
		start(s.keepTally)
	}
	if s.Audit != nil {
		start(s.keepAudit)
	}
	s.Queue.SetFloor(s.Queue.LastSeq() + 1)
	start(s.keepTrust)
	return s.drain(ctx)
}

func (s *session) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.Silence)
	defer cancel()
	if err := s.conn.Subscribe(ctx, s.topic("down/+"), 0, s.receive); err != nil {
		return err
	}
	return s.conn.Subscribe(ctx, wire.ClinicTopic(s.root, "+"), 1, s.receiveClinic)
}

// publish sends m and waits for the broker's PUBACK; a broker that keeps it back for as long as a receipt may take is as good as gone.
func (s *session) publish(ctx context.Context, m broker.Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Silence)
	defer cancel()
	return s.conn.Publish(ctx, m)
}

// trustEvery is how often the last trusted instant on disk is renewed.
const trustEvery = 10 * time.Minute

func (s *session) keepTrust(ctx context.Context) error {
	for {
		pause(ctx, trustEvery, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.lasting(s.Clock.Trust())
	}
}
