package uplink

import (
	"context"
	"maps"
	"math/rand/v2"
	"time"

	"nabz/queue"
)

// Bounds of every back-off, of connections as of entries.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// backoff is the time before the next attempt after so many failed ones: doubling from one second to five minutes, less up to half of it
// at random, so that kiosks which lost the same link do not come back in step.
func backoff(tries int) time.Duration {
	d := lastRetry
	if tries < 10 {
		d = min(firstRetry<<tries, lastRetry)
	}
	return d - rand.N(d/2)
}

// pace says which entry may go when. It is pure: the time comes in.
//
// An entry that the clinic did not take is held back for its own back-off. After each failure routine entries pause as well, for half of a
// back-off that grows while nothing succeeds. So while the clinic cannot record, little is sent; and when it is one entry that cannot be
// recorded, the others pass it. An urgent entry waits only for its own back-off.
type pace struct {
	failures int             // in a row, of any entry
	resume   time.Time       // no routine entry before that
	held     map[uint64]hold // by number in the queue
}

type hold struct {
	tries int
	until time.Time
	cost  bool // it was in flight when the link went, and nothing has succeeded since
}

// pick returns the index of the entry to send now, or -1 and how long until one may go. Holds of entries that are not in view are dropped.
func (p *pace) pick(items []queue.Item, now time.Time) (int, time.Duration) {
	view := make(map[uint64]bool, len(items))
	var soonest time.Time
	costly := -1
	for i, it := range items {
		view[it.Seq] = true
		due := p.due(it)
		switch {
		case due.After(now):
		case !p.held[it.Seq].cost:
			return i, 0
		case costly < 0:
			costly = i
		}
		if soonest.IsZero() || due.Before(soonest) {
			soonest = due
		}
	}
	if costly >= 0 {
		return costly, 0
	}
	maps.DeleteFunc(p.held, func(seq uint64, _ hold) bool { return !view[seq] })
	return -1, soonest.Sub(now)
}

// due is when an entry may go.
func (p *pace) due(it queue.Item) time.Time {
	until := p.held[it.Seq].until
	if it.Lane == queue.Routine && until.Before(p.resume) {
		return p.resume
	}
	return until
}

// cut notes that the connection went while an entry was in flight. It may be the entry that a broker does not stand, so another goes first
// when there is one.
func (p *pace) cut(seq uint64, now time.Time) { p.keepBack(seq, now, true) }

func (p *pace) keepBack(seq uint64, now time.Time, cost bool) {
	if p.held == nil {
		p.held = map[uint64]hold{}
	}
	tries := p.held[seq].tries
	p.held[seq] = hold{tries: tries + 1, until: now.Add(backoff(tries)), cost: cost}
}

// failed notes that the clinic did not take an entry.
func (p *pace) failed(seq uint64, now time.Time) {
	p.keepBack(seq, now, false)
	p.resume = now.Add(backoff(p.failures) / 2)
	p.failures++
}

// settled notes that the clinic took an entry, or refused it for good: it works.
func (p *pace) settled(seq uint64) {
	delete(p.held, seq)
	for other, h := range p.held {
		h.cost = false
		p.held[other] = h
	}
	p.failures, p.resume = 0, time.Time{}
}

// release lets everything go at once: the clinic has just come online.
func (p *pace) release() { *p = pace{} }

// pause waits for d, or less when ctx ends or something comes on wake, and says whether that came.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-wake:
		return true
	}
	return false
}
