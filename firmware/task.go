// Package firmware wires the kiosk together: it opens what is durable, starts every long-lived part as a Task in one group, and stops
// them so that the cuff is deflated before its port closes and the queue is closed last.
//
//	devices.go     a task per peripheral: open, run, report, reopen with back-off
//	desk.go        the one owner of the visit in progress: events in, effects out
//	effects.go     what an effect of the exam does: save, start the cuff, show
//	afterwards.go  what is done to a visit that is over, and what a crash left of its end
//	watched.go     what a doctor far away sees of the visit in progress
//	supply.go      what feeds the box, and when it is switched off; box.go its lines and gauge, signals.go its lamp and beeper
//	gauges.go      what the kiosk tells of itself, without patients; standing.go who it is to others
//	receipts.go    what became of each reading, kept for the worker
//	backend.go     what the screen asks for; office.go what it looks back at, and what the technician takes along
//	practice.go    the kiosk within the kiosk; lesson.go its room and power, lessonlink.go its clinic, coach.go its patient
package firmware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"nabz/firmware/pulse"
)

// Task is one long-lived part. Run returns when ctx ends, with ctx's error, or earlier with what went wrong.
type Task interface {
	Run(ctx context.Context) error
	String() string
}

// runAll runs the tasks, each with a pulse, until ctx ends or one fails; the first failure stops the others and is returned with the task's name.
func runAll(ctx context.Context, pulses *pulse.Set, log *slog.Logger, tasks ...Task) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range tasks {
		g.Go(func() error {
			err := t.Run(pulses.With(ctx, t.String()))
			if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				return nil
			}
			if err == nil {
				err = errors.New("ended by itself")
			}
			return fmt.Errorf("%s: %w", t, err)
		})
	}
	log.Info("kiosk started", "tasks", len(tasks))
	return g.Wait()
}
