package relay

import (
	"context"
	"log/slog"

	"nabz/firmware/broker"
)

// keep listens at a topic until ctx ends, each connection with a taker of its own; ready is called whenever one serves.
func keep(ctx context.Context, o broker.Opts, at string, log *slog.Logger, taker func(context.Context, *broker.Conn) func(broker.Message), ready func()) {
	broker.Keep(ctx, func(ctx context.Context) error {
		conn, err := broker.Connect(ctx, o)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := conn.Subscribe(ctx, at, 1, taker(ctx, conn)); err != nil {
			return err
		}
		ready()
		select {
		case <-conn.Done():
			return conn.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(err error) {
		log.Warn("the line between clinic and replicas is lost; trying again", "as", o.ClientID, "why", err)
	})
}
