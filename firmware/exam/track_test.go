package exam

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The ring must say what a list of all samples says.
func TestTrackAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := track{period: 10 * time.Second, spread: rapid.IntRange(1, 6).Draw(t, "spread")}
		var all []run
		now := time.Duration(0)
		steps := []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 400 * time.Millisecond}
		for range 300 {
			now += rapid.SampledFrom(steps).Draw(t, "step")
			if rapid.IntRange(0, 1000).Draw(t, "break") == 1000 {
				tr.clear()
				all = nil
			}
			s := run{at: now, value: 90 + rapid.IntRange(0, 8).Draw(t, "value"), weak: rapid.IntRange(0, 40).Draw(t, "weak") == 40}
			tr.push(s)
			all = append(all, s)
			checkStretch(t, &tr, all, now)
		}
	})
}

func checkStretch(t *rapid.T, tr *track, all []run, now time.Duration) {
	lo, hi, from := all[len(all)-1].value, all[len(all)-1].value, len(all)-1
	for from > 0 {
		v := all[from-1].value
		if max(hi, v)-min(lo, v) > tr.spread {
			break
		}
		lo, hi, from = min(lo, v), max(hi, v), from-1
	}
	want, got := now-all[from].at, tr.length(tr.even(), now)
	if got > want {
		t.Fatalf("steady for %s, a list says %s", got, want)
	}
	if got != want && got < tr.period {
		t.Fatalf("steady for %s, a list says %s", got, want)
	}
	if tr.tail-tr.head > 1 && now-tr.at(tr.head+1).at >= tr.period {
		t.Fatalf("a run that ended %s ago is still held", now-tr.at(tr.head+1).at)
	}
	w := tr.window(tr.even(), now)
	if w.hi-w.lo > tr.spread {
		t.Fatalf("window ranges over %d", w.hi-w.lo)
	}
	if m := median(all[len(all)-samplesSince(all, now-w.length):]); m != w.median {
		t.Fatalf("median %d, a list says %d", w.median, m)
	}
	if strong := tr.window(tr.good(), now); strong.weak {
		t.Fatal("a weak sample in the window of strong ones")
	}
}

func samplesSince(all []run, from time.Duration) (n int) {
	for _, s := range all {
		if s.at >= from {
			n++
		}
	}
	return n
}

func median(samples []run) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = s.value
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

func TestTrackForgetsTheOldestWhenFull(t *testing.T) {
	tr := track{period: 10 * time.Second, spread: 2}
	now := time.Duration(0)
	for i := range 3 * trackRuns {
		now += time.Millisecond
		tr.push(run{at: now, value: 97 + i%2})
	}
	if got, want := tr.length(tr.even(), now), (trackRuns-1)*time.Millisecond; got != want {
		t.Errorf("steady for %s, want %s", got, want)
	}
}
