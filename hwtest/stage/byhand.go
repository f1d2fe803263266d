package stage

import (
	"context"
	"slices"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/screen"
)

// ByHand takes a patient through a visit whose numbers are all typed.
func (w *Worker) ByHand(ctx context.Context, patient string) error {
	v, err := w.open(ctx, patient)
	if err != nil {
		return err
	}
	for _, a := range []screen.Action{
		{BP: &vitals.BloodPressure{Systolic: vitals.Some(vitals.MmHg(122)), Diastolic: vitals.Some(vitals.MmHg(78))}},
		{Oximetry: &vitals.Oximetry{SpO2: vitals.Some(vitals.Percent(97)), Pulse: vitals.Some(vitals.PerMinute(72))}},
		{Temperature: &vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36_800)), Site: vitals.Axillary}},
	} {
		if err := w.act(ctx, v.ID, "by-hand", a); err != nil {
			return err
		}
		if err := w.act(ctx, v.ID, "next", screen.Action{}); err != nil {
			return err
		}
	}
	return w.act(ctx, v.ID, "finish", screen.Action{})
}

// Skip opens a visit and skips what comes before a step. It returns the visit's id.
func (w *Worker) Skip(ctx context.Context, patient string, to exam.Step) (string, error) {
	v, err := w.open(ctx, patient)
	for err == nil && v.Step != to {
		err = w.call(ctx, "POST", "/api/visits/"+v.ID+"/skip", screen.Action{Reason: string(exam.SkipOther)}, &v)
	}
	return v.ID, err
}

// End skips what is left of a visit and finishes it.
func (w *Worker) End(ctx context.Context, visit string) error {
	for {
		s, err := w.State(ctx)
		switch {
		case err != nil:
			return err
		case s.Visit == nil || s.Visit.ID != visit:
			return nil
		case s.Visit.Step == exam.StepReview:
			return w.act(ctx, visit, "finish", screen.Action{})
		case slices.Contains(s.Visit.Actions, exam.ActNext): // what is complete is not skipped
			if err := w.act(ctx, visit, "next", screen.Action{}); err != nil {
				return err
			}
			continue
		}
		if err := w.act(ctx, visit, "skip", screen.Action{Reason: string(exam.SkipOther)}); err != nil {
			return err
		}
	}
}

// Act does one thing in a visit that needs no more words.
func (w *Worker) Act(ctx context.Context, visit, act string) error {
	return w.act(ctx, visit, act, screen.Action{})
}
