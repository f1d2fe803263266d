package upkeep

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"nabz/firmware/pulse"
)

// Feeder is a watchdog that wants food: systemd, or the machine's.
type Feeder interface {
	Feed() error
	Close() error // it wants no more
}

// Keeper is the task that feeds.
type Keeper struct {
	Pulses    *pulse.Set
	HungAfter time.Duration // a part that shows no progress for so long has hung
	Every     time.Duration // between meals: a third of what the hungriest waits, or less
	Feeders   []Feeder
	History   *History
	Log       *slog.Logger
}

func (k *Keeper) String() string { return "upkeep" }

// Run feeds until ctx ends, and never again once a part has hung. A part has hung when two looks in a row find it late: a box that was stopped for a
// while has parts that are late and well.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.close()
	t := time.NewTicker(k.Every)
	defer t.Stop()
	var before, hung []string
	for {
		late := k.Pulses.Late(k.HungAfter)
		if now := both(before, late); len(now) > 0 && !slices.Equal(now, hung) {
			hung = now
			k.tell(hung)
		}
		if before = late; len(hung) == 0 {
			k.feed()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// tell writes down what has hung, and does not wait for it: the disk may be why.
func (k *Keeper) tell(hung []string) {
	k.Log.Error("a part of the kiosk has hung: it is started again by its watchdog, where it has one", "parts", hung)
	go func() {
		if err := k.History.Note(Hung, hung...); err != nil {
			k.Log.Warn("what has hung could not be written down", "why", err)
		}
	}()
}

func (k *Keeper) feed() {
	for _, f := range k.Feeders {
		if err := f.Feed(); err != nil {
			k.Log.Warn("a watchdog could not be fed", "why", err)
		}
	}
}

func (k *Keeper) close() {
	for _, f := range k.Feeders {
		if err := f.Close(); err != nil {
			k.Log.Warn("a watchdog could not be stopped", "why", err)
		}
	}
}

func both(a, b []string) (all []string) {
	for _, s := range a {
		if slices.Contains(b, s) {
			all = append(all, s)
		}
	}
	return all
}

// Systemd is the service manager's watchdog. It exists where the unit has WatchdogSec.
type Systemd struct{}

// WatchedBySystemd gives it, and how long it waits; false where nobody asked for food.
func WatchedBySystemd() (Systemd, time.Duration, bool) {
	within, err := daemon.SdWatchdogEnabled(false)
	return Systemd{}, within, err == nil && within > 0
}

// Feed implements Feeder.
func (Systemd) Feed() error { return say(daemon.SdNotifyWatchdog) }

// Close implements Feeder: systemd goes on until the process ends.
func (Systemd) Close() error { return nil }

// Ready tells systemd, where there is one, that the kiosk has begun.
func Ready() error { return say(daemon.SdNotifyReady) }

func say(word string) error {
	_, err := daemon.SdNotify(false, word)
	if err != nil {
		return errors.Join(errors.New("systemd does not hear"), err)
	}
	return nil
}
