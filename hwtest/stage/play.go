package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/firmware/screen"
)

// Glance is how often a scripted worker looks at the screen.
const Glance = 100 * time.Millisecond

// Play takes one patient through a whole visit. watch sees every state of the screen and may make things go wrong. It survives a kiosk that
// is killed and started again: it looks until the kiosk answers, and goes on with the same visit. It ends with the visit, or with ctx.
func (w *Worker) Play(ctx context.Context, b Bench, patient string, watch func(screen.State)) error {
	visit, err := w.begin(ctx, patient)
	if err != nil {
		return err
	}
	return w.Resume(ctx, b, visit, watch)
}

// Resume goes on with a visit.
func (w *Worker) Resume(ctx context.Context, b Bench, visit string, watch func(screen.State)) error {
	for {
		s, err := w.Patiently(ctx)
		if err != nil {
			return fmt.Errorf("visit %s: %w", visit, err)
		}
		watch(s)
		b.Move(s)
		if s.Visit == nil || s.Visit.ID != visit {
			return nil
		}
		if act := choose(s.Visit.Actions); act != "" {
			// A refusal or a kiosk that just died is no fault of the visit: the next glance tells.
			_ = w.act(ctx, visit, act, screen.Action{})
		}
		Wait(ctx, Glance)
	}
}

// begin opens a visit and returns its id. After a crash the visit may be open already.
func (w *Worker) begin(ctx context.Context, patient string) (string, error) {
	for {
		v, err := w.open(ctx, patient)
		if err == nil {
			return v.ID, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		s, err := w.Patiently(ctx)
		if err != nil {
			return "", err
		}
		if s.Visit != nil {
			return s.Visit.ID, nil
		}
		Wait(ctx, Glance)
	}
}

// Patiently looks at the screen until the kiosk answers or ctx ends.
func (w *Worker) Patiently(ctx context.Context) (screen.State, error) {
	for {
		s, err := w.State(ctx)
		if err == nil || ctx.Err() != nil {
			return s, errors.Join(ctx.Err())
		}
		Wait(ctx, Glance)
	}
}

// choose takes what leads on, or nothing when there is only waiting.
func choose(offered []string) string {
	for _, act := range []string{"start-cuff", "next", "finish"} {
		if slices.Contains(offered, act) {
			return act
		}
	}
	return ""
}

// Wait waits, or returns early when ctx ends.
func Wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
