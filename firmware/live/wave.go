package live

import (
	"sync"
	"time"

	"nabz/drivers/vitals"
)

// Wave holds the newest seconds of a pulse wave, for screens that draw it. A screen that is slow misses samples and is told so. The zero Wave is
// empty. It is safe for concurrent use.
type Wave struct {
	mu     sync.Mutex
	ring   [waveLength]int
	newest uint64 // number of the newest sample; the first is 1
	at     time.Time
	rate   float64 // samples a second, smoothed
}

const (
	waveLength = 512         // five seconds of the fastest device
	waveGap    = time.Second // without a sample, before a gap is drawn
	missing    = -1
)

// Push takes what a device sent at once, at that time.
func (w *Wave) Push(at time.Time, samples ...vitals.Pleth) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := at.Sub(w.at); !w.at.IsZero() && d > waveGap {
		w.put(missing)
		w.rate = 0
	} else if d > 0 && !w.at.IsZero() {
		now := float64(len(samples)) / d.Seconds()
		if w.rate == 0 {
			w.rate = now
		}
		w.rate += (min(now, 4*w.rate) - w.rate) / 64
	}
	w.at = at
	for _, s := range samples {
		w.put(int(s))
	}
}

func (w *Wave) put(v int) {
	w.newest++
	w.ring[w.newest%waveLength] = v
}

// Since returns the samples after the one with that number, -1 standing for a gap; the rate a second; and the number of the newest. A number of
// 0 begins now.
func (w *Wave) Since(after uint64) (samples []int, rate int, newest uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if after == 0 || after > w.newest {
		return nil, int(w.rate + 0.5), w.newest
	}
	if w.newest-after >= waveLength {
		samples, after = append(samples, missing), w.newest-waveLength+1
	}
	for n := after + 1; n <= w.newest; n++ {
		samples = append(samples, w.ring[n%waveLength])
	}
	return samples, int(w.rate + 0.5), w.newest
}
