package ward

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// Line is the hub's connection to the broker.
type Line struct {
	Hub    *Hub
	Name   string // of this clinic; kiosks add up what clinics want by it
	Root   string
	Broker broker.Opts
	Log    *slog.Logger
	Seals  *Seals // nil opens nothing
}

func (l *Line) String() string { return "ward" }

// Run serves until ctx ends, and then returns nil. A broker that is away is waited for. ready is called whenever a connection serves.
func (l *Line) Run(ctx context.Context, ready func()) error {
	if l.Seals == nil {
		l.Seals = &Seals{}
	}
	broker.Keep(ctx, func(ctx context.Context) error { return l.serve(ctx, ready) }, func(err error) {
		l.Log.Warn("the ward has lost its broker; trying again", "why", err)
	})
	return nil
}

func (l *Line) serve(ctx context.Context, ready func()) error {
	o := l.Broker
	o.ClientID = l.Name + "-ward"
	conn, err := broker.Connect(ctx, o)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Subscribe(ctx, wire.All(l.Root, wire.StateTopic), 1, l.take); err != nil {
		return err
	}
	ready()
	renew := time.NewTicker(renewEvery / 4)
	defer renew.Stop()
	listens := map[string]bool{}
	for {
		if err := l.follow(ctx, conn, listens); err != nil {
			return err
		}
		select {
		case <-l.Hub.changed:
		case <-renew.C:
		case <-conn.Done():
			return conn.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow listens to the kiosks that are watched, and to no others, and tells them so.
func (l *Line) follow(ctx context.Context, conn *broker.Conn, listens map[string]bool) error {
	watched := l.Hub.watched()
	for kiosk := range listens {
		if !slices.Contains(watched, kiosk) {
			for _, filter := range l.filters(kiosk) {
				if err := conn.Unsubscribe(ctx, filter); err != nil {
					return err
				}
			}
			delete(listens, kiosk)
			l.Seals.forget(kiosk)
		}
	}
	for _, kiosk := range watched {
		if !listens[kiosk] {
			for _, filter := range l.filters(kiosk) {
				if err := conn.Subscribe(ctx, filter, 0, l.take); err != nil {
					return err
				}
			}
			listens[kiosk] = true
		}
		most, due := l.Hub.ask(kiosk, time.Now())
		if !due {
			continue
		}
		c := wire.Command{ID: uuid.NewString(), Kind: wire.CommandWatch, TTL: int(watchFor / time.Second), Mode: most, By: l.Name}
		if err := conn.Publish(ctx, broker.Message{Topic: wire.Topic(l.Root, kiosk, wire.DownCmd), QoS: 1, Payload: wire.Encode(c)}); err != nil {
			return err
		}
	}
	return nil
}

// filters are what a watched kiosk is heard by.
func (l *Line) filters(kiosk string) []string {
	return []string{wire.Topic(l.Root, kiosk, wire.UpEvt), wire.LiveTopic(l.Root, kiosk, "+", "+")}
}

// take sorts what comes. It never waits.
func (l *Line) take(m broker.Message) {
	kiosk, part, err := wire.Split(l.Root, m.Topic)
	if err != nil {
		return // a clinic's own state
	}
	now := time.Now()
	if part == wire.StateTopic {
		if s, err := wire.Parse[wire.State](m.Payload); err == nil && len(m.Payload) > 0 {
			l.Hub.state(kiosk, s, now)
		}
		return
	}
	if part == wire.UpEvt {
		if e := wire.EventOf(m.Payload); e == wire.EventTally || e == wire.EventAudit {
			return // the intake's
		}
		v, err := l.Seals.opened(kiosk, m.Payload)
		if err != nil {
			l.Log.Warn("an event was not understood", "kiosk", kiosk, "why", err)
			return
		}
		l.Hub.opened(kiosk, v)
		return
	}
	if session, live, ok := wire.SplitLive(part); ok {
		plain, err := l.Seals.open(kiosk, session, live, m.Payload)
		if err == nil && plain != nil {
			err = l.Hub.live(kiosk, session, live, plain, now)
		}
		if err != nil {
			l.Log.Warn("a live message was not understood", "kiosk", kiosk, "why", err)
		}
	}
}
