package profile

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"nabz/firmware/pulse"
	"nabz/provisioning/identity"
)

// ErrReload ends a kiosk's run so that it begins anew, within its process, with another profile.
var ErrReload = errors.New("the site profile has changed")

const (
	// patience is how long a kiosk may take to get back to what worked before: devices are found and the broker is reached within two.
	patience = 5 * time.Minute
	look     = time.Second
	sticks   = 5 // looks
)

// Keeper is the kiosk's task that takes profiles and judges the one on trial.
type Keeper struct {
	Store   *Store
	Trial   bool            // this run is under one
	Needs   []string        // what has to work with it
	Offers  <-chan []byte   // what the clinic sent
	Sticks  string          // folder below which sticks are mounted; empty looks nowhere
	Working func() []string // what works now, by name
	Idle    func() bool     // nobody is being measured
	Log     *slog.Logger

	pending bool
	seen    map[string]time.Time
}

// String names the task.
func (k *Keeper) String() string { return "profile" }

// Run takes and judges until ctx ends or the kiosk has to begin anew: ErrReload. It never does that while a patient is measured.
func (k *Keeper) Run(ctx context.Context) error {
	k.seen = map[string]time.Time{}
	began := time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for n := 0; ; n++ {
		pulse.Rest(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case raw := <-k.Offers:
			pulse.Beat(ctx)
			k.offer("from the clinic", raw)
			continue
		case <-tick.C:
			pulse.Beat(ctx)
		}
		if err := k.judge(time.Since(began)); err != nil { // before another takes its place
			return err
		}
		if n%sticks == 0 {
			pulse.Rest(ctx) // a bad stick may take long
			k.takeSticks()
		}
		if k.pending && k.Idle() {
			return ErrReload
		}
	}
}

func (k *Keeper) offer(from string, raw []byte) {
	p, err := k.Store.Offer(raw, k.Working())
	if err != nil {
		k.Log.Warn("a site profile is not taken", "from", from, "why", err)
		return
	}
	k.Log.Info("a site profile is tried", "from", from, "version", p.Version)
	k.pending = true
}

// judge confirms the trial when all works again that worked before, and lets it go when that does not come to be.
func (k *Keeper) judge(after time.Duration) error {
	if !k.Trial || k.pending {
		return nil
	}
	missing := k.missing()
	switch {
	case len(missing) == 0:
		k.Trial = false
		k.Log.Info("the site profile stays")
		return k.Store.Confirm()
	case after < patience || !k.Idle():
		return nil
	}
	why := "with it these no longer work: " + strings.Join(missing, ", ")
	k.Log.Error("the site profile is taken back", "why", why)
	if err := k.Store.Reject(why); err != nil {
		return err
	}
	return ErrReload
}

func (k *Keeper) missing() (all []string) {
	works := k.Working()
	for _, need := range k.Needs {
		if !slices.Contains(works, need) {
			all = append(all, need)
		}
	}
	return all
}

// takeSticks offers each profile for this kiosk that a stick has, once.
func (k *Keeper) takeSticks() {
	e, err := k.Store.Identity.Enrolment()
	if err != nil || k.Sticks == "" {
		return
	}
	for _, path := range identity.OnSticks(k.Sticks, e.Name+".profile") {
		info, err := os.Stat(path)
		if err != nil || k.seen[path].Equal(info.ModTime()) {
			continue
		}
		k.seen[path] = info.ModTime()
		if raw, err := os.ReadFile(path); err == nil {
			k.offer("from a stick", raw)
		}
	}
}
