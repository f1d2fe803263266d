package firmware

import (
	"sync"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/tape"
)

// tapes are what the lines of the devices are kept on, by what they measure. A board of several devices has one for all.
type tapes struct {
	mu   sync.Mutex
	kept map[vitals.Kind]*tape.Tape
}

// begin puts a new tape in for a connection.
func (t *tapes) begin(about string, kinds []vitals.Kind) *tape.Tape {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[vitals.Kind]*tape.Tape{}
	}
	fresh := tape.New(about)
	for _, k := range kinds {
		t.kept[k] = fresh
	}
	return fresh
}

// since is the capture of what a device sent from that time on, or nil.
func (t *tapes) since(k vitals.Kind, from time.Time) []byte {
	t.mu.Lock()
	kept := t.kept[k]
	t.mu.Unlock()
	if kept == nil {
		return nil
	}
	return kept.Since(from)
}
