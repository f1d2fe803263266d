package ward

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"nabz/firmware/wire"
)

// Hub knows who watches which kiosk. Its methods return at once and are safe for concurrent use.
type Hub struct {
	log   *slog.Logger
	began time.Time

	mu      sync.Mutex
	kiosks  map[string]*post
	changed chan struct{} // holds one: a kiosk is watched that was not, or no longer, or came online
}

// post is one kiosk as far as anybody watches it, or it has told its state.
type post struct {
	watchers []*Watcher
	state    *wire.State      // as it was told last; nil when it never was
	whose    wire.VisitOpened // the live session's, while somebody watches
	since    time.Time        // when it was first heard to be on line, or not
	asked    time.Time        // when it was last told that somebody watches
	session  string           // the live one
	least    time.Duration    // of it: the quickest way that any of its numbers took, on a scale of the hub's own
}

// sent is when numbers would have come had nothing held them up: what a link kept back and then brought in one go must not look new.
func (p *post) sent(session string, n wire.Numerics, began, now time.Time) time.Time {
	way := now.Sub(began) - time.Duration(n.Up)*time.Millisecond
	if session != p.session {
		p.session, p.least = session, way
	}
	p.least = min(p.least, way)
	return now.Add(p.least - way)
}

// renewEvery is how often a watched kiosk is told so, and watchFor how long it believes it: one renewal may get lost.
const (
	renewEvery = 10 * time.Second
	watchFor   = 25 * time.Second
)

// NewHub returns a hub that nobody uses.
func NewHub(log *slog.Logger) *Hub {
	return &Hub{log: log, began: time.Now(), kiosks: map[string]*post{}, changed: make(chan struct{}, 1)}
}

func (h *Hub) post(kiosk string) *post {
	p := h.kiosks[kiosk]
	if p == nil {
		p = &post{}
		h.kiosks[kiosk] = p
	}
	return p
}

// Watch adds a watcher of a kiosk. It must be closed.
func (h *Hub) Watch(kiosk string, most wire.Mode) *Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(kiosk)
	w := &Watcher{hub: h, kiosk: kiosk, most: most, wake: make(chan struct{}, 1)}
	w.told(p.state, time.Now())
	p.watchers = append(p.watchers, w)
	p.asked = time.Time{} // one who wants more than the others gets it at once
	h.wake()
	return w
}

func (h *Hub) leave(w *Watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(w.kiosk)
	p.watchers = slices.DeleteFunc(p.watchers, func(o *Watcher) bool { return o == w })
	if len(p.watchers) == 0 {
		p.whose = wire.VisitOpened{}
		h.wake()
	}
}

func (h *Hub) wake() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// watched are the kiosks that somebody watches.
func (h *Hub) watched() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for kiosk, p := range h.kiosks {
		if len(p.watchers) > 0 {
			all = append(all, kiosk)
		}
	}
	slices.Sort(all)
	return all
}

// ask says what a kiosk is to be told now, if anything: that somebody watches, and the most that any of them wants.
func (h *Hub) ask(kiosk string, now time.Time) (most wire.Mode, due bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(kiosk)
	if len(p.watchers) == 0 || now.Sub(p.asked) < renewEvery {
		return "", false
	}
	p.asked = now
	order := []wire.Mode{wire.ModeSummary, wire.ModeNumbers, wire.ModeWave}
	best := 0
	for _, w := range p.watchers {
		best = max(best, slices.Index(order, w.most))
	}
	return order[best], true
}

// state takes what a kiosk says of itself. One that has just come online knows of nobody who watches. The will of a connection that is not the last
// one is old news.
func (h *Hub) state(kiosk string, s wire.State, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(kiosk)
	if p.state != nil && s.St == wire.Offline && p.state.Session != s.Session {
		return
	}
	if s.St == wire.Online && (p.state == nil || p.state.St != wire.Online || p.state.Session != s.Session) {
		p.asked = time.Time{}
		h.wake()
	}
	if p.state == nil || p.state.St != s.St {
		p.since = now
	}
	p.state = &s
	for _, w := range p.watchers {
		w.told(&s, now)
	}
}

// live takes a part of a live session. What does not parse, or belongs to another session than its topic says, gets to nobody.
func (h *Hub) live(kiosk, session, part string, payload []byte, now time.Time) error {
	var bring func(*Watcher)
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(kiosk)
	switch part {
	case wire.LiveNumbers:
		n, err := wire.ParseNumerics(payload)
		if err != nil {
			return err
		}
		sent := p.sent(session, n, h.began, now)
		bring = func(w *Watcher) { w.numbers(n, sent) }
	case wire.LiveWave:
		f, err := wire.ParseFrame(payload)
		if err != nil {
			return err
		}
		if f.Session != wire.SessionHash(session) {
			return errForeign
		}
		bring = func(w *Watcher) { w.frame(f) }
	default:
		return nil
	}
	for _, w := range p.watchers {
		w.in(session)
		w.is(p.whose)
		bring(w)
	}
	return nil
}

// opened takes whose a session is. It counts for that session and no other.
func (h *Hub) opened(kiosk string, v wire.VisitOpened) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.post(kiosk)
	if len(p.watchers) == 0 {
		return
	}
	p.whose = v
	for _, w := range p.watchers {
		w.is(v)
	}
}

// Whose is the patient of a kiosk's live session, and the visit; false when that is another one, or was not told.
func (h *Hub) Whose(kiosk, session string) (wire.VisitOpened, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.kiosks[kiosk]
	if p == nil || session == "" || p.whose.Session != session || p.session != session {
		return wire.VisitOpened{}, false
	}
	return p.whose, true
}

// Standing is what a kiosk says of itself.
type Standing struct {
	Kiosk string
	Since time.Time // that it is on line, or not, as far as this clinic has heard
	wire.State
}

// Standings are those of all kiosks that ever said anything while this hub was there, by name.
func (h *Hub) Standings() (all []Standing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for kiosk, p := range h.kiosks {
		if p.state != nil {
			all = append(all, Standing{kiosk, p.since, *p.state})
		}
	}
	slices.SortFunc(all, func(a, b Standing) int { return strings.Compare(a.Kiosk, b.Kiosk) })
	return all
}
