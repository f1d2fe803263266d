package upkeep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/whole"
)

// End is how a run of the kiosk ended.
type End string

// The ends. A run that ended with none of them was cut short; in the same boot the kiosk was killed or it crashed, in another the power went.
const (
	Clean    End = "clean"
	Switched End = "switched off" // on a low battery or by its button
	Killed   End = "killed"
	PowerCut End = "power cut"
	Hung     End = "hung" // a part made no progress
)

// Run is one run of the kiosk.
type Run struct {
	Began   clock.Stamp `json:"began"`
	Version string      `json:"version"`
	End     End         `json:"end,omitempty"` // empty while it runs
	What    []string    `json:"what,omitempty"`
}

// keep is how many runs are remembered.
const keep = 50

// History is the runs of this kiosk, the newest last, in one file that is replaced whole. It is safe for concurrent use.
type History struct {
	path string

	mu   sync.Mutex
	runs []Run
}

// Begin notes that a run begins, and how the one before ended. It is on stable storage when it returns. A file that cannot be read is begun anew: it is of
// no patient.
func Begin(path, version string, now clock.Stamp) (*History, error) {
	h := &History{path: path}
	raw, err := os.ReadFile(path)
	if err == nil {
		_ = json.Unmarshal(raw, &h.runs) // said above
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the history of runs: %w", err)
	}
	if n := len(h.runs); n > 0 && h.runs[n-1].End == "" {
		h.runs[n-1].End = PowerCut
		if h.runs[n-1].Began.Boot == now.Boot {
			h.runs[n-1].End = Killed
		}
	}
	h.runs = append(h.runs, Run{Began: now, Version: version})
	h.runs = h.runs[max(0, len(h.runs)-keep):]
	return h, h.write()
}

// Note says how this run ends. It is on stable storage when it returns nil. What hung stays said, however the run ends after it.
func (h *History) Note(end End, what ...string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := &h.runs[len(h.runs)-1]
	if last.End == Hung {
		return nil
	}
	last.End, last.What = end, what
	return h.write()
}

// Runs are those that are remembered, the newest last.
func (h *History) Runs() []Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Run(nil), h.runs...)
}

// Trouble is what the runs before this one say about the box.
type Trouble struct {
	Restarts int    `json:"restarts,omitempty"` // by itself, in this boot: killed, crashed or hung
	Last     string `json:"last,omitempty"`     // the newest of them, and what had hung
	Looping  bool   `json:"looping,omitempty"`  // again and again: somebody has to look at it
}

// A loop is so many restarts within so long.
const (
	loopRestarts = 3
	loopWithin   = 15 * time.Minute
)

// Trouble says how the kiosk did since this boot, at the time now. The run before it in another boot counts where it hung: then the machine was reset for it.
func (h *History) Trouble(now clock.Stamp) (t Trouble) {
	runs := h.Runs()
	recent := 0
	for i, r := range runs[:len(runs)-1] {
		last := i == len(runs)-2
		since, here := now.Since(r.Began)
		if !here && (r.End != Hung || !last) || r.End != Killed && r.End != Hung {
			continue
		}
		t.Restarts++
		t.Last = strings.TrimSpace(string(r.End) + " " + strings.Join(r.What, ", "))
		if here && since <= loopWithin {
			recent++
		}
	}
	t.Looping = recent >= loopRestarts
	return t
}

func (h *History) write() error {
	raw, err := json.MarshalIndent(h.runs, "", " ")
	if err != nil {
		return err
	}
	if err := whole.Write(h.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the history of runs: %w", err)
	}
	return nil
}
