package firmware

import (
	"context"
	"log/slog"
	"time"

	"nabz/drivers/board"
	"nabz/firmware/live"
	"nabz/firmware/power"
)

// supply is the task that watches what feeds the box.
type supply struct {
	read  func() (board.Power, error)
	state *live.Board[power.State]
	log   *slog.Logger
}

// supplyEvery is how often it looks, whatever edges a line may give.
const supplyEvery = 500 * time.Millisecond

func (s *supply) String() string { return "supply" }

// Run looks until ctx ends. A supply that cannot be read is not the kiosk's end.
func (s *supply) Run(ctx context.Context) error {
	var w power.Watch
	var before power.State
	silent := false
	for {
		p, err := s.read()
		if err != nil && !silent {
			s.log.Warn("the power supply cannot be read", "why", err)
		}
		silent = err != nil
		now := w.See(p, time.Now())
		if now != before {
			s.state.Set(now)
		}
		if now.Source != before.Source || now.Low != before.Low {
			s.log.Info("power", "source", now.Source, "low", now.Low)
		}
		before = now
		if !pause(ctx, supplyEvery) {
			return ctx.Err()
		}
	}
}
