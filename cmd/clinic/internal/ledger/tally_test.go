package ledger

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/firmware/wire"
)

var zone = time.FixedZone("PKT", 5*3600)

// books is a clinic's ledger and a kiosk that saves, sends and is told.
type books struct {
	saved, recorded, waiting, parked int
	clinic                           int // what the clinic has, of which the kiosk may not know
}

func (b books) tally() wire.Tally {
	return wire.Tally{Event: wire.EventTally, Store: "s", Saved: b.saved, Recorded: b.recorded, Waiting: b.waiting, Parked: b.parked}
}

// TestHonestBooksAddUp: whatever is saved, sent, answered late or parked, and whenever the first tally comes, honest books add up; when an entry is lost
// on either side they do not, at the latest when nothing waits any more.
func TestHonestBooksAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b books
		var a Account
		known := false
		before := rapid.IntRange(0, 5).Draw(t, "before this store")
		tell := func() {
			a = a.next(Counted{Tally: b.tally(), Clinic: before + b.clinic})
			known = true
		}
		unheard := 0 // recorded, and the kiosk does not know
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				b.saved, b.waiting = b.saved+1, b.waiting+1
			case 1:
				if b.waiting > unheard {
					b.clinic, unheard = b.clinic+1, unheard+1
				}
			case 2:
				if unheard > 0 {
					unheard, b.waiting, b.recorded = unheard-1, b.waiting-1, b.recorded+1
				}
			case 3:
				if b.waiting > unheard {
					b.waiting, b.parked = b.waiting-1, b.parked+1
				}
			default:
				tell()
				if a.Off || !(Day{Closing: a.Last, Off: a.Off}).AddsUp() {
					t.Fatalf("honest books do not add up: %+v of %+v", a, b)
				}
			}
		}
		for unheard > 0 {
			unheard, b.waiting, b.recorded = unheard-1, b.waiting-1, b.recorded+1
		}
		b.recorded, b.clinic, b.waiting = b.recorded+b.waiting, b.clinic+b.waiting, 0
		tell()
		if !known || a.Off {
			t.Fatalf("all is recorded: %+v", a)
		}
		switch rapid.IntRange(0, 2).Draw(t, "lost") {
		case 0:
			b.clinic--
		case 1:
			b.saved, b.recorded = b.saved+1, b.recorded+1 // the kiosk believes that the clinic has it
		case 2:
			b.saved++ // it is nowhere
		}
		tell()
		if (Day{Closing: a.Last, Off: a.Off}).AddsUp() {
			t.Fatalf("an entry was lost, and all adds up: %+v", a)
		}
	})
}

// TestDays: each day has what came about on it, where the clinic is; another store begins with zero, and what the one before still had is missed.
func TestDays(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	at := time.Date(2026, 11, 30, 8, 0, 0, 0, zone)
	record := func(n int) {
		for i := range n {
			must(t, l.Add(fmt.Sprintf("bhu-1-0192f3a1-7c5e-7b1a-9d0e-%06d%06d", at.Unix()%1e6, i), Entry{}, nil))
		}
	}
	tally := func(b books, store string) {
		t.Helper()
		w := b.tally()
		w.Store = store
		must(t, l.Tally("bhu-1", w, at, zone))
	}
	must(t, l.Add("bhu-10-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01", Entry{}, nil)) // another kiosk's
	record(3)
	tally(books{saved: 5, recorded: 3, waiting: 2}, "one")
	at = at.Add(15*time.Hour + 59*time.Minute)
	record(2)
	tally(books{saved: 6, recorded: 5, waiting: 1}, "one")
	must(t, l.Close())
	l = open(t, dir)
	at = at.Add(2 * time.Minute)
	record(1)
	tally(books{saved: 7, recorded: 6, waiting: 1}, "one")
	days, err := l.Days("bhu-1", 10)
	must(t, err)
	saved, clinic := func(c Counted) int { return c.Saved }, func(c Counted) int { return c.Clinic }
	if len(days) != 2 || days[0].Day != "2026-12-01" || days[0].Of(saved) != 1 || days[0].Of(clinic) != 1 || days[1].Of(saved) != 6 || days[1].Of(clinic) != 5 {
		t.Errorf("%+v", days)
	}
	if !days[0].AddsUp() || !days[1].AddsUp() {
		t.Errorf("they do not add up: %+v", days)
	}
	at = at.Add(time.Hour)
	record(1)
	tally(books{saved: 1, recorded: 1}, "two")
	days, err = l.Days("bhu-1", 1)
	must(t, err)
	if d := days[0]; d.AddsUp() || d.Replaced == nil || d.Replaced.Waiting != 1 || d.Of(saved) != 1 || d.Of(clinic) != 1 {
		t.Errorf("a card was replaced on which one waited: %+v", d)
	}
	if a, known, err := l.Account("bhu-1"); err != nil || !known || a.Last.Saved != 1 || a.Off {
		t.Errorf("%+v, %t, %v", a, known, err)
	}
	if _, known, err := l.Account("bhu-2"); known || err != nil {
		t.Errorf("a kiosk that never told: %t, %v", known, err)
	}
}
