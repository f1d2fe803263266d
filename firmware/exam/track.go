package exam

import (
	"cmp"
	"slices"
	"time"

	"nabz/drivers/vitals"
)

// track follows one number through the newest samples without a break. It holds runs of equal samples in a ring, so that a device which
// repeats a number a hundred times a second costs next to nothing and a full ring loses the oldest, never the newest.
type track struct {
	period time.Duration // how much is kept
	spread int           // the most that a steady stretch may range over; 0 = any

	runs   []run // ring of trackRuns
	head   int   // runs head..tail-1 are held, counted without end; the ring's place is the remainder
	tail   int
	steady int // first run of the steady stretch that ends now
	strong int // first run after the last weak one
	lo, hi int // of the steady stretch
}

// run is a stretch of equal samples, at most a second long.
type run struct {
	at    time.Duration // of its first sample
	value int
	n     int
	flags vitals.Flags // remarks
	weak  bool         // the signal was weak
}

const (
	trackRuns  = 1024 // ten seconds in which every sample of a hundred a second differs from the one before
	longestRun = time.Second
)

// window is a stretch that a reading may stand for.
type window struct {
	length time.Duration
	median int // the lower of the two middle ones
	lo, hi int
	flags  vitals.Flags
	weak   bool
}

func (t *track) at(i int) *run { return &t.runs[i%trackRuns] }

func (t *track) clear() { t.head, t.steady, t.strong = t.tail, t.tail, t.tail }

// push takes the next sample. A sample that leaves the spread ends the steady stretch; a new one begins as early as the spread allows.
func (t *track) push(s run) {
	if t.runs == nil {
		t.runs = make([]run, trackRuns)
	}
	s.n = 1
	if t.tail > t.head {
		if last := t.at(t.tail - 1); last.value == s.value && last.flags == s.flags && last.weak == s.weak && s.at-last.at < longestRun {
			last.n++
			t.trim(s.at)
			return
		}
	}
	if t.tail-t.head == trackRuns {
		t.head++
	}
	*t.at(t.tail) = s
	t.tail++
	if s.weak {
		t.strong = t.tail
	}
	t.trim(s.at)
	t.widen(s.value)
}

// trim forgets runs that ended before the period.
func (t *track) trim(now time.Duration) {
	for t.tail-t.head > 1 && now-t.at(t.head+1).at >= t.period {
		t.head++
	}
	t.steady, t.strong = max(t.steady, t.head), max(t.strong, t.head)
}

// widen takes the newest value into the steady stretch, or begins the stretch anew, as early as it can.
func (t *track) widen(value int) {
	newest := t.tail - 1
	if t.steady == newest {
		t.lo, t.hi = value, value
	}
	lo, hi := min(t.lo, value), max(t.hi, value)
	if t.spread > 0 && hi-lo > t.spread {
		lo, hi, t.steady = value, value, newest
		for t.steady > t.head {
			before := t.at(t.steady - 1).value
			if max(hi, before)-min(lo, before) > t.spread {
				break
			}
			lo, hi, t.steady = min(lo, before), max(hi, before), t.steady-1
		}
	}
	t.lo, t.hi = lo, hi
}

// The stretches that end now: of samples at all, of steady ones, and of steady ones with a good signal.
func (t *track) present() int { return t.head }
func (t *track) even() int    { return t.steady }
func (t *track) good() int    { return max(t.steady, t.strong) }

// length is how long the stretch that begins with run i is at the time now.
func (t *track) length(i int, now time.Duration) time.Duration {
	if i >= t.tail {
		return 0
	}
	return now - t.at(i).at
}

// window sums up the stretch that begins with run i.
func (t *track) window(i int, now time.Duration) window {
	w := window{length: t.length(i, now)}
	sorted, samples := make([]run, 0, t.tail-i), 0
	for ; i < t.tail; i++ {
		r := t.at(i)
		sorted, samples = append(sorted, *r), samples+r.n
		w.flags |= r.flags
		w.weak = w.weak || r.weak
	}
	if samples == 0 {
		return w
	}
	slices.SortFunc(sorted, func(a, b run) int { return cmp.Compare(a.value, b.value) })
	w.lo, w.hi = sorted[0].value, sorted[len(sorted)-1].value
	left := (samples - 1) / 2
	for _, r := range sorted {
		if w.median = r.value; left < r.n {
			break
		}
		left -= r.n
	}
	return w
}
