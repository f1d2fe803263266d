package uplink

import (
	"context"
	"slices"
	"sync"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// outgoing is one live message on its way.
type outgoing struct {
	broker.Message
	made time.Time
	wave bool
}

const (
	tooOld      = 2 * time.Second  // nobody is to see what is older as live
	mostWaiting = 12               // messages: three seconds of frames
	calmFor     = 30 * time.Second // without a drop, before more is tried again
)

// ship sends what is made until ctx ends, and drops what has become too old. The pulse wave waits while an entry is on its way to the broker.
func (s *session) ship(ctx context.Context, out <-chan outgoing, send func(context.Context, broker.Message) error) {
	for {
		select {
		case o := <-out:
			if o.wave && !s.durable.wait(ctx, tooOld-time.Since(o.made)) || time.Since(o.made) >= tooOld {
				s.throttle.dropped(time.Now())
				continue
			}
			if send(ctx, o.Message) != nil {
				return // the connection is over, or ctx
			}
		case <-ctx.Done():
			return
		}
	}
}

// ladder is what is sent, most first.
var ladder = []wire.Mode{wire.ModeWave, wire.ModeNumbers, wire.ModeSummary}

// throttle decides how much of a live session the link carries: one rung down when something had to be dropped, one up after a calm half minute.
// The zero throttle sends all.
type throttle struct {
	mu    sync.Mutex
	rung  int
	moved time.Time // when the rung changed
	last  time.Time // that something was dropped
}

// dropped says that the link did not carry what was made. What was made before the rung changed is no news.
func (t *throttle) dropped(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rung == 0 || now.Sub(t.moved) >= 2*tooOld {
		t.rung, t.moved = min(t.rung+1, len(ladder)-1), now
	}
	t.last = now
}

// mode is what may be sent now, and not more than most.
func (t *throttle) mode(most wire.Mode, now time.Time) wire.Mode {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rung > 0 && now.Sub(t.last) >= calmFor && now.Sub(t.moved) >= calmFor {
		t.rung, t.moved = t.rung-1, now
	}
	return ladder[max(t.rung, slices.Index(ladder, most))]
}

// busy says whether something is under way, and lets others wait for its end.
type busy struct {
	mu   sync.Mutex
	over chan struct{} // nil when nothing is
}

func (b *busy) begin() (end func()) {
	over := make(chan struct{})
	b.mu.Lock()
	b.over = over
	b.mu.Unlock()
	return func() {
		b.mu.Lock()
		b.over = nil
		b.mu.Unlock()
		close(over)
	}
}

// wait waits until nothing is under way, and says false when that takes longer than limit, or than ctx.
func (b *busy) wait(ctx context.Context, limit time.Duration) bool {
	b.mu.Lock()
	over := b.over
	b.mu.Unlock()
	if over == nil {
		return true
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-over:
		return true
	case <-t.C:
		return false
	case <-ctx.Done():
		return false
	}
}
