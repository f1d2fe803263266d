package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/screen"
)

// glance is how often the scripted worker looks at the screen.
const glance = 100 * time.Millisecond

// play takes one patient through a whole visit on k. watch sees every state of the screen and may make things go wrong. It survives a
// kiosk that is killed and started again: it looks until the kiosk answers, and goes on with the same visit.
func play(ctx context.Context, k *kiosk, patient string, watch func(screen.State)) error {
	w := newWorker(k.url)
	visit, err := w.begin(ctx, patient)
	if err != nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	for {
		s, err := w.patiently(ctx)
		if err != nil {
			return fmt.Errorf("%s: visit %s: %w", k.name, visit, err)
		}
		watch(s)
		k.move(s)
		if s.Visit == nil || s.Visit.ID != visit {
			return nil
		}
		if act := choose(s.Visit.Actions); act != "" {
			// A refusal or a kiosk that just died is no fault of the visit: the next glance tells.
			_ = w.act(ctx, visit, act, screen.Action{})
		}
		wait(ctx, glance)
	}
}

// move does what the patient does: a finger in the probe and the thermometer in place while they are wanted.
func (k *kiosk) move(s screen.State) {
	step := exam.StepReview
	if s.Visit != nil {
		step = s.Visit.Step
	}
	if step == exam.StepOximetry {
		k.oximeter.FingerIn()
	} else {
		k.oximeter.FingerOut()
	}
	if step == exam.StepTemperature && s.Visit.Prompt != exam.PromptReturnProbe && s.Visit.Prompt != exam.RetryProbeMoved {
		k.thermometer.TakeProbe()
	} else {
		k.thermometer.ReturnProbe()
	}
}

// begin opens a visit and returns its id. After a crash the visit may be open already.
func (w *worker) begin(ctx context.Context, patient string) (string, error) {
	for {
		v, err := w.open(ctx, patient)
		if err == nil {
			return v.ID, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		s, err := w.patiently(ctx)
		if err != nil {
			return "", err
		}
		if s.Visit != nil {
			return s.Visit.ID, nil
		}
		wait(ctx, glance)
	}
}

// patiently looks at the screen until the kiosk answers.
func (w *worker) patiently(ctx context.Context) (screen.State, error) {
	for {
		s, err := w.state(ctx)
		if err == nil || ctx.Err() != nil {
			return s, errors.Join(ctx.Err())
		}
		wait(ctx, glance)
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

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
