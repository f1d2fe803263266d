package firmware

import (
	"testing"

	"nabz/drivers/board"
	"nabz/drivers/vitals"
)

func TestCardWord(t *testing.T) {
	wear := func(n vitals.Percent) board.Card { return board.Card{Wear: vitals.Some(n)} }
	for want, all := range map[string][]board.Card{
		"":       {{}, wear(10), wear(80), {Errors: vitals.Some(0)}},
		"worn":   {wear(90), wear(110), {Ending: true}, {Wear: vitals.Some(vitals.Percent(100)), Errors: vitals.Some(0)}},
		"errors": {{Errors: vitals.Some(1)}, {Errors: vitals.Some(2), Ending: true}},
	} {
		for _, c := range all {
			if got := cardWord(c); got != want {
				t.Errorf("%+v: %q, want %q", c, got, want)
			}
		}
	}
}
