package ward

import (
	"context"
	"errors"
	"sync"
	"time"

	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

var errForeign = errors.New("a frame of another session than its topic says")

// Watcher is one page that looks at one kiosk.
type Watcher struct {
	hub   *Hub
	kiosk string
	most  wire.Mode
	wake  chan struct{} // holds one: there is something new

	mu   sync.Mutex
	next Update
}

// Update is what came since the last one. Numbers and State are the newest; what was between is nobody's loss. Frames are the newest mostFrames;
// their sequence numbers tell what is missing.
type Update struct {
	Session  string              // the live one; another than before is another visit: nothing of the one before may stay on the page
	Patient  *reading.PatientRef // whose it is; nil while that was not told
	State    *wire.State
	Told     time.Time // when the state came
	Numbers  *wire.Numerics
	Received time.Time // when the numbers came, or would have, had nothing held them up
	Frames   []wire.Frame
}

// mostFrames is how many frames wait for a watcher: four seconds, which is older than anybody should see.
const mostFrames = 16

// Next waits for something new, and gives all of it; its error is ctx's.
func (w *Watcher) Next(ctx context.Context) (Update, error) {
	select {
	case <-w.wake:
	case <-ctx.Done():
		return Update{}, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.next
	w.next = Update{Session: u.Session, Patient: u.Patient}
	return u, nil
}

// Close ends the watch.
func (w *Watcher) Close() { w.hub.leave(w) }

func (w *Watcher) change(f func(*Update)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.next)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Watcher) told(s *wire.State, now time.Time) {
	if s != nil {
		w.change(func(u *Update) { u.State, u.Told = s, now })
	}
}

// in says which session what follows belongs to. What waits of another is dropped.
func (w *Watcher) in(session string) {
	w.change(func(u *Update) {
		if u.Session != session {
			u.Session, u.Patient, u.Numbers, u.Frames = session, nil, nil, nil
		}
	})
}

// is says whose a session is; what is said of another than the watcher's is not this one's.
func (w *Watcher) is(v wire.VisitOpened) {
	w.mu.Lock()
	same, known := v.Session != "" && v.Session == w.next.Session, w.next.Patient != nil
	w.mu.Unlock()
	if same && !known {
		w.change(func(u *Update) { u.Patient = &v.Patient })
	}
}

func (w *Watcher) numbers(n wire.Numerics, now time.Time) {
	w.change(func(u *Update) { u.Numbers, u.Received = &n, now })
}

func (w *Watcher) frame(f wire.Frame) {
	w.change(func(u *Update) {
		if len(u.Frames) == mostFrames {
			u.Frames = append(u.Frames[:0:0], u.Frames[1:]...)
		}
		u.Frames = append(u.Frames, f)
	})
}
