package main

import (
	"slices"
	"sync"

	"nabz/firmware/exam"
	"nabz/firmware/screen"
)

// promised is what the screen of one kiosk has called saved, and what it showed last. Its methods may be called from any goroutine.
type promised struct {
	mu      sync.Mutex
	entries map[string]bool
	last    screen.State
	fresh   int           // promises since expect
	want    int           // so many are enough
	enough  chan struct{} // closed by then
	broken  []string      // what was not kept
}

func newPromised() *promised { return &promised{entries: map[string]bool{}} }

// expect begins another life: the channel closes when the screen has called so many more entries saved.
func (p *promised) expect(n int) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh, p.want, p.enough = 0, n, make(chan struct{})
	return p.enough
}

// see notes every promise that the screen makes.
func (p *promised) see(now screen.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range now.Receipts {
		if r.Saved == nil || p.entries[r.Entry] {
			continue
		}
		p.entries[r.Entry] = true
		if p.fresh++; p.fresh == p.want {
			close(p.enough)
		}
	}
	p.last = now
}

// compare holds the first screen after a cut against the last one before it. A visit at its review may have been finished by the cut.
func (p *promised) compare(now screen.State) {
	p.mu.Lock()
	before := p.last
	if v := before.Visit; v != nil {
		for _, r := range before.Receipts {
			if r.Saved != nil && r.Visit == v.ID && !slices.ContainsFunc(now.Receipts, func(x screen.Receipt) bool { return x.Entry == r.Entry && x.Saved != nil }) {
				p.broken = append(p.broken, "what was shown as saved is not on the screen after the cut: "+r.Entry)
			}
		}
		if v.Step != exam.StepReview && (now.Visit == nil || now.Visit.ID != v.ID) {
			p.broken = append(p.broken, "the visit is gone after the cut: "+v.ID)
		}
	}
	p.mu.Unlock()
	p.see(now)
}

// missing are the entries that are not in the record, of so many that were promised.
func (p *promised) missing(record map[string]int) (missing []string, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := range p.entries {
		if record[kioskName+"-"+e] == 0 {
			missing = append(missing, e)
		}
	}
	return missing, len(p.entries)
}

// takeBroken returns what was found wrong since it was last asked.
func (p *promised) takeBroken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.broken
	p.broken = nil
	return all
}
