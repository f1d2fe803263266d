package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// heart beats for one device. Two hearts of the same patient beat alike.
type heart struct {
	patient *Patient
	rng     *rand.Rand
	start   time.Duration    // when the current beat began, in device time
	length  time.Duration    // how long it lasts
	recent  [8]time.Duration // the last beats, newest at beats-1
	beats   int
}

func newHeart(p *Patient) *heart {
	return &heart{patient: p, rng: rand.New(rand.NewPCG(p.Vitals().Seed, 1))}
}

// at moves on to t and returns how far the beat has come (0..1) and whether it is new since the last call. Time never goes back.
func (h *heart) at(t time.Duration) (phase float64, fresh bool) {
	for h.length == 0 || t >= h.start+h.length {
		h.start += h.length
		h.length = h.draw()
		h.recent[h.beats%len(h.recent)] = h.length
		h.beats++
		fresh = true
	}
	return float64(t-h.start) / float64(h.length), fresh
}

// draw makes the next beat's length: breathing, 13 a minute, speeds the heart up and down by 3 %; an irregular one varies by a third.
func (h *heart) draw() time.Duration {
	v := h.patient.Vitals()
	length := float64(time.Minute) / float64(v.Pulse)
	length *= 1 + 0.03*breath(h.start)
	if v.Irregular {
		length *= 0.67 + 0.66*h.rng.Float64()
	}
	return time.Duration(length)
}

// rate is the mean over the last beats, per minute.
func (h *heart) rate() float64 {
	n, sum := min(h.beats, len(h.recent)), time.Duration(0)
	for _, length := range h.recent[:n] {
		sum += length
	}
	return float64(n) * float64(time.Minute) / float64(sum)
}

func breath(t time.Duration) float64 { return math.Sin(2 * math.Pi * 13 * t.Minutes()) }

// pulsation is the volume wave of one beat, 0..1: the systolic peak, the dicrotic notch and the smaller wave after it.
func pulsation(phase float64) float64 { return hump(phase, 0.20, 0.10) + 0.4*hump(phase, 0.50, 0.15) }

func hump(x, middle, width float64) float64 { return math.Exp(-math.Pow((x-middle)/width, 2)) }
