package firmware

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"nabz/drivers/board"
	"nabz/firmware/live"
	"nabz/firmware/power"
)

// What Run returns when the box is to be switched off, or started again: close the kiosk, and do it.
var (
	ErrPowerOff = errors.New("the box is to be switched off")
	ErrRestart  = errors.New("the box is to be started again")
)

// supply is the task that watches what feeds the box, and ends the kiosk when it has to be switched off.
type supply struct {
	read      func() (board.Power, error)
	box       *box // nil without lines and a gauge of its own
	measuring func() bool
	may       bool // switch the box off
	state     *live.Board[power.State]
	verdict   *live.Board[power.Verdict]
	log       *slog.Logger
}

// supplyEvery is how often it looks, whatever edges a line may give.
const supplyEvery = 500 * time.Millisecond

func (s *supply) String() string { return "supply" }

// Run looks until ctx ends, or the box has to be switched off. A supply that cannot be read is not the kiosk's end.
func (s *supply) Run(ctx context.Context) error {
	var w power.Watch
	var end power.Ending
	var before power.State
	heard, silent, last := 0, false, power.Go
	for {
		p, err := s.read()
		if err != nil && !silent {
			s.log.Warn("the power supply cannot be read", "why", err)
		}
		silent = err != nil
		asked := board.NoPress
		if s.box != nil {
			p, asked = p.With(s.box.seen(&heard)), s.box.asked()
		}
		if !s.may {
			asked = board.NoPress
		}
		now := w.See(p, time.Now())
		if now != before {
			s.state.Set(now)
		}
		if now.Source != before.Source || now.Low != before.Low || now.Blind != before.Blind || now.Deaf != before.Deaf {
			s.log.Info("power", "source", now.Source, "low", now.Low, "mains line dead", now.Blind, "gauge dead", now.Deaf)
		}
		before = now
		v := end.See(now, s.measuring(), asked, time.Now())
		if !s.may && v != power.Go {
			v = power.Refuse
		}
		if v != last {
			s.verdict.Set(v)
			s.log.Info("power", "verdict", v)
		}
		switch last = v; v {
		case power.Off:
			return ErrPowerOff
		case power.Restart:
			return ErrRestart
		}
		if !pause(ctx, supplyEvery) {
			return ctx.Err()
		}
	}
}
