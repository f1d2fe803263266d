package uplink

import (
	"context"
	"strings"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// chargeStep keeps a battery that empties from being news at every per cent.
const chargeStep = 5

// stateEvery is how often the state is looked at and told anew when it changed.
const stateEvery = 5 * time.Second

// keepState publishes the state when it is not what was told last.
func (s *session) keepState(ctx context.Context, told wire.State) error {
	for {
		pause(ctx, stateEvery, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := s.state(wire.Online)
		if now == told {
			continue
		}
		if err := s.publishState(ctx, now); err != nil {
			return err
		}
		told = now
	}
}

// farewellLimit is how long saying goodbye may take.
const farewellLimit = 2 * time.Second

// farewell says offline and waits for its PUBACK; a disconnect in good order cancels the will. Nothing else may publish any more.
func (s *session) farewell() {
	ctx, cancel := context.WithTimeout(context.Background(), farewellLimit)
	defer cancel()
	if err := s.publishState(ctx, s.state(wire.Offline)); err != nil {
		s.Log.Info("the broker did not take the farewell; it will send the will", "why", err)
	}
}

func (s *session) publishState(ctx context.Context, st wire.State) error {
	return s.publish(ctx, broker.Message{Topic: s.topic(wire.StateTopic), QoS: 1, Retained: true, Payload: wire.Encode(st)})
}

func (s *session) state(st string) wire.State {
	counts, now := s.Queue.Stats(), s.Clock.Now()
	s.storage = wire.Storage(counts.Full, s.storage)
	told := wire.State{
		St: st, Boot: now.Boot, Session: s.id, SW: s.Software, Queued: counts.Waiting, Parked: counts.Parked, Clock: string(now.Source),
		Storage: s.storage,
	}
	if !counts.OldestPut.IsZero() {
		told.Oldest = counts.OldestPut.Unix()
	}
	if s.Box != nil {
		b := s.Box()
		told.Profile, told.Refused, told.Ends = b.Profile, b.Refused, b.Ends
		told.Missing, told.Power, told.Charge, told.Card = strings.Join(b.Missing, " "), b.Power, b.Charge/chargeStep*chargeStep, b.Card
	}
	return told
}
