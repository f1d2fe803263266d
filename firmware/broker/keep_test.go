package broker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeep: what ended is told and begun again a second later; after ctx nothing is.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		began, served, lost := time.Now(), 0, 0
		Keep(ctx, func(ctx context.Context) error {
			if served++; served == 3 {
				stop()
			}
			return errors.New("gone")
		}, func(error) { lost++ })
		if served != 3 || lost != 2 || time.Since(began) != 2*againEvery {
			t.Errorf("served %d times, lost %d, in %s", served, lost, time.Since(began))
		}
	})
}
