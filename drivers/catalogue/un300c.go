package catalogue

import (
	"context"

	"nabz/drivers/frame"
	"nabz/drivers/monitor"
	"nabz/drivers/vitals"
)

// un300c gives the samples of both devices of the board, those of the oximeter when the cuff says something or the port ends.
type un300c struct {
	board *monitor.UN300C
	held  []vitals.Sample
	fail  error
}

func listenUN300C(p frame.Port) Listener {
	u := &un300c{}
	u.board = monitor.NewUN300C(p, func(s vitals.Sample) { u.held = append(u.held, s) })
	return u
}

func (u *un300c) Tally() frame.Tally { return u.board.Tally() }

func (u *un300c) Next(ctx context.Context) (vitals.Sample, error) {
	for len(u.held) == 0 && u.fail == nil {
		s, err := u.board.Next(ctx)
		if u.fail = err; err == nil {
			u.held = append(u.held, s)
		}
	}
	if len(u.held) == 0 {
		err := u.fail
		u.fail = nil
		return vitals.Sample{}, err
	}
	s := u.held[0]
	u.held = u.held[1:]
	return s, nil
}
