package live

import (
	"slices"
	"testing"
	"time"

	"nabz/drivers/vitals"
)

func TestWave(t *testing.T) {
	var w Wave
	start := time.Unix(0, 0)
	for i := range 60 {
		w.Push(start.Add(time.Duration(i)*time.Second/60), vitals.Pleth(i))
	}
	_, rate, newest := w.Since(0)
	if rate != 60 || newest != 60 {
		t.Errorf("rate %d, newest %d; want 60, 60", rate, newest)
	}
	w.Push(start.Add(5*time.Second), 7, 8) // nothing for four seconds
	if got, _, _ := w.Since(newest); !slices.Equal(got, []int{-1, 7, 8}) {
		t.Errorf("after a pause: %v, want a gap", got)
	}
	for range 1000 {
		w.Push(start.Add(6*time.Second), 9)
	}
	if got, _, _ := w.Since(newest); len(got) != waveLength || got[0] != -1 {
		t.Errorf("a slow screen gets %d samples that begin with %v; want a gap and the newest", len(got), got[0])
	}
}
