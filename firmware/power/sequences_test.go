package power

import (
	"testing"
	"time"

	"nabz/drivers/board"
)

// happens is what can happen to a box; each row says what it does to the world.
type happens struct {
	name string
	do   func(*world)
}

// world is the truth outside, in steps long enough for every debounce.
type world struct {
	mains, measuring, gauge bool
	charge                  int
}

var everything = []happens{
	{"mains lost", func(w *world) { w.mains = false }},
	{"mains back", func(w *world) { w.mains = true }},
	{"battery empty", func(w *world) { w.charge = 9 }},
	{"battery full", func(w *world) { w.charge = 80 }},
	{"gauge lost", func(w *world) { w.gauge = false }},
	{"gauge back", func(w *world) { w.gauge = true }},
	{"a measurement begins", func(w *world) { w.measuring = true }},
	{"a measurement ends", func(w *world) { w.measuring = false }},
}

// expected is what the worker has to see and the box has to do, said again in the words of the policy and not of the code: seconds in which something has been
// so stand for debounces.
type expected struct {
	low     bool
	deaf    int // seconds without a word of the gauge
	wanted  int // seconds since an end is wanted
	leaving int // seconds since the screen says so; 0 when it does not
}

func (e *expected) second(w world) (source board.Source, v Verdict) {
	e.deaf++
	if w.gauge {
		e.deaf = 0
	}
	unheard := e.deaf >= 60
	switch {
	case !w.mains && (w.gauge && w.charge < 15 || unheard):
		e.low = true
	case w.mains && (unheard || w.gauge && w.charge > 25):
		e.low = false
	}
	source = board.Mains
	if !w.mains {
		source = board.Battery
	}
	switch {
	case !e.low:
		e.wanted, e.leaving = 0, 0
		return source, Go
	case w.mains:
		e.wanted, e.leaving = 0, 0
		return source, Refuse
	}
	e.wanted++
	if e.leaving == 0 && w.measuring && e.wanted <= 240 {
		return source, Refuse
	}
	if e.leaving++; e.leaving <= 8 {
		return source, Leaving
	}
	return source, Off
}

// TestEverySequence: whatever happens in whatever order, four things in a row, each followed by a time in which it is settled, the worker sees what feeds the
// box, and the box refuses, says that it leaves, and switches off just when the policy says so.
func TestEverySequence(t *testing.T) {
	const deep, settle = 4, 70 // seconds: a lost gauge is given up after sixty
	sequences := 1
	for range deep {
		sequences *= len(everything)
	}
	for n := range sequences {
		w := world{mains: true, gauge: true, charge: 80}
		var watch Watch
		var end Ending
		var want expected
		now, path := begin, ""
		off := false
		second := func() {
			for range 4 { // the box looks more often than the policy counts
				s := sighting{0, board.Mains, -1}
				if !w.mains {
					s.source = board.Battery
				}
				if w.gauge {
					s.charge = w.charge
				}
				watch.See(s.power(), now)
				now = now.Add(250 * time.Millisecond)
			}
		}
		for range 3 {
			second()
		}
		i := n
		for range deep {
			h := everything[i%len(everything)]
			i /= len(everything)
			h.do(&w)
			path += ", " + h.name
			for range 3 { // what the debounces take; a verdict in it may be of before
				second()
				want.settle(w)
			}
			for range settle {
				second()
				source, v := want.second(w)
				s := watch.state
				got := end.See(s, w.measuring, board.NoPress, now)
				if s.Source != source || s.Low != want.low || !alike(got, v) {
					t.Fatalf("%s: %q, low %t, %q; want %q, low %t, %q", path[2:], s.Source, s.Low, got, source, want.low, v)
				}
				if off = got == Off; off {
					break
				}
			}
			if off {
				break // the box is dark
			}
		}
	}
	t.Log(sequences, "sequences")
}

// settle is a second in which only time goes by.
func (e *expected) settle(w world) {
	e.deaf++
	if w.gauge {
		e.deaf = 0
	}
}

// alike lets the word before the last differ by the second in which it changes.
func alike(got, want Verdict) bool {
	return got == want || got == Leaving && want == Off || got == Off && want == Leaving
}
