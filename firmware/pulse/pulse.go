// Package pulse tells whether the parts of the kiosk make progress. A part beats when it has got on with its work, and rests while it waits for the world:
// for a device, a person, the link. A part that neither beats nor rests for too long has hung.
//
//	ctx = set.With(ctx, "desk")
//	for {
//		pulse.Rest(ctx)
//		work := <-wait
//		pulse.Beat(ctx)
//		...
//	}
package pulse

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Set is the pulses of a kiosk. Its zero value is empty. It is safe for concurrent use.
type Set struct {
	mu  sync.Mutex
	all []*pulse
}

// pulse is one part's.
type pulse struct {
	mu      sync.Mutex
	name    string
	beat    time.Time
	resting bool
}

type key struct{}

// With gives the part that runs under the context a pulse. It rests until it has beaten.
func (s *Set) With(ctx context.Context, name string) context.Context {
	p := &pulse{name: name, resting: true}
	s.mu.Lock()
	s.all = append(s.all, p)
	s.mu.Unlock()
	return context.WithValue(ctx, key{}, p)
}

// Without is a context for work that a part has others do: what they beat says nothing of it.
func Without(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, nil) }

// Beat says that the part of ctx gets on. Without a pulse it does nothing.
func Beat(ctx context.Context) { note(ctx, false) }

// Rest says that the part of ctx waits, until its next beat.
func Rest(ctx context.Context) { note(ctx, true) }

func note(ctx context.Context, resting bool) {
	p, ok := ctx.Value(key{}).(*pulse)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beat, p.resting = time.Now(), resting
}

// Late names the parts whose last beat is further back than that, and that do not rest.
func (s *Set) Late(within time.Duration) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.all {
		p.mu.Lock()
		if !p.resting && time.Since(p.beat) > within {
			names = append(names, p.name)
		}
		p.mu.Unlock()
	}
	slices.Sort(names)
	return names
}
