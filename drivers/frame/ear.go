package frame

import "time"

// Ear is a Port that knows when bytes last came from it. A driver whose device may be silent for hours tells by it a pause inside a frame from
// one between two: a read that timed out says nothing of when the last byte came.
type Ear struct {
	Port
	heard time.Time
}

// Read notes the time.
func (e *Ear) Read(b []byte) (int, error) {
	n, err := e.Port.Read(b)
	if n > 0 {
		e.heard = time.Now()
	}
	return n, err
}

// Silence is how long nothing has come; very long before the first byte.
func (e *Ear) Silence() time.Duration { return time.Since(e.heard) }
