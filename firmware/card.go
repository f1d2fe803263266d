package firmware

import (
	"context"
	"log/slog"
	"time"

	"nabz/drivers/board"
	"nabz/firmware/live"
	"nabz/firmware/wire"
)

// card is the task that watches the medium that readings are kept on.
type card struct {
	dir   string
	read  func(dir string) (board.Card, error)
	state *live.Board[board.Card]
	log   *slog.Logger
}

// cardEvery is how often it looks: a card wears in months, and errors are told when they are met.
const cardEvery = time.Minute

func (c *card) String() string { return "card" }

// Run looks until ctx ends. A card that tells nothing is not the kiosk's end.
func (c *card) Run(ctx context.Context) error {
	silent := false
	for {
		now, err := c.read(c.dir)
		if err != nil && !silent {
			c.log.Warn("the card's health cannot be read", "why", err)
		}
		silent = err != nil
		if before, _ := c.state.Get(); err == nil && now != before {
			c.state.Set(now)
			if word := cardWord(now); word != cardWord(before) {
				c.log.Warn("the card's health has changed", "now", word)
			}
		}
		if !pause(ctx, cardEvery) {
			return ctx.Err()
		}
	}
}

// cardWord is what whoever runs the fleet has to know of it.
func cardWord(c board.Card) string {
	if n, known := c.Errors.Get(); known && n > 0 {
		return wire.CardErrors
	}
	if w, known := c.Wear.Get(); c.Ending || known && w >= board.Worn {
		return wire.CardWorn
	}
	return ""
}
