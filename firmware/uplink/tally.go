package uplink

import (
	"context"
	"reflect"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// tallyEvery is how often the accounts are looked at, and told when they have changed.
const tallyEvery = 5 * time.Second

// keepTally tells how the accounts stand, at once and when they have changed. While entries are on their way the parts are read at different moments; so one
// that does not add up is only told when it stays so.
func (s *session) keepTally(ctx context.Context) error {
	var told, before wire.Tally
	for {
		now, err := s.Tally()
		if err != nil {
			s.Log.Warn("the accounts cannot be read", "why", err)
		} else if steady := now.Saved == now.Recorded+now.Waiting+now.Parked || reflect.DeepEqual(now, before); steady && !reflect.DeepEqual(now, told) {
			if err := s.publish(ctx, broker.Message{Topic: s.topic(wire.UpEvt), QoS: 1, Payload: wire.Encode(now)}); err != nil {
				return err
			}
			told = now
		}
		before = now
		pause(ctx, tallyEvery, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
