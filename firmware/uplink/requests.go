package uplink

import (
	"context"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// Requests is what clinics ask of the people here and of the box.
type Requests interface {
	// Take keeps a command durably, or carries it out, and says how far it has come; one that is known already is not taken twice. With an error nothing
	// is answered, and the command comes again.
	Take(ctx context.Context, c wire.Command) (wire.Result, error)
	// News are the results since it was asked last. One that gets lost on the way is told when its command comes again.
	News() []wire.Result
	// Woken tells that there is news.
	Woken() <-chan struct{}
}

// serve answers commands, and tells what became of them later, until ctx ends.
func (s *session) serve(ctx context.Context) error {
	for {
		var results []wire.Result
		select {
		case c := <-s.commands:
			c, err := s.readable(c)
			if err != nil {
				s.Log.Warn("a command cannot be opened", "kind", c.Kind, "why", err)
				results = append(results, wire.Result{ID: c.ID, Status: wire.ResultRefused, Why: "the kiosk cannot open it"})
				break
			}
			r, err := s.Requests.Take(ctx, c)
			if err != nil {
				s.Log.Warn("a command cannot be kept; it will come again", "kind", c.Kind, "why", err)
				continue
			}
			results = append(results, r)
		case <-s.Requests.Woken():
			results = s.Requests.News()
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, r := range results {
			if err := s.publish(ctx, broker.Message{Topic: s.topic(wire.UpRes), QoS: 1, Payload: wire.Encode(r)}); err != nil {
				return err
			}
		}
	}
}
