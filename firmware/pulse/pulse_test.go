package pulse_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nabz/firmware/pulse"
)

func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s pulse.Set
		desk, link, new := s.With(t.Context(), "desk"), s.With(t.Context(), "link"), s.With(t.Context(), "new")
		pulse.Beat(desk)
		pulse.Beat(link)
		pulse.Rest(link)
		pulse.Beat(context.Background()) // a part without a pulse is nobody's business
		late := func(want ...string) {
			t.Helper()
			if got := s.Late(30 * time.Second); !slices.Equal(got, want) {
				t.Errorf("late are %q, want %q", got, want)
			}
		}
		time.Sleep(30 * time.Second)
		late()
		time.Sleep(time.Second)
		late("desk")
		pulse.Beat(link)
		pulse.Beat(new)
		time.Sleep(31 * time.Second)
		late("desk", "link", "new")
		pulse.Beat(desk)
		pulse.Rest(new)
		late("link")
	})
}
