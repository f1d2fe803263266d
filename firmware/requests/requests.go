package requests

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/wire"
)

// Store keeps small records, sealed and durably; visits.Store is one.
type Store interface {
	Remember(name string, record []byte) error
	Remembered(name string) ([]byte, error)
	Forgotten(name string) error
	Names(prefix string) ([]string, error)
}

// Request is one of them.
type Request struct {
	ID     string            `json:"id"`
	Kind   string            `json:"kind"` // wire.CommandRepeat, CommandMessage or CommandCall
	Of     string            `json:"of,omitempty"`
	Step   string            `json:"step,omitempty"`
	Text   string            `json:"text,omitempty"`
	By     string            `json:"by"` // the doctor's account
	TTL    time.Duration     `json:"ttl"`
	Came   clock.Stamp       `json:"came"` // when it came last
	First  clock.Stamp       `json:"first"`
	Status wire.ResultStatus `json:"status"`
	Worker string            `json:"worker,omitempty"` // who did it
}

// result is what the clinic is told of it.
func (r Request) result() wire.Result {
	return wire.Result{ID: r.ID, Status: r.Status, By: r.Worker}
}

// left says whether it may still be shown, and whether that is known at all.
func (r Request) left(now clock.Stamp) (more, known bool) {
	ago, same := now.Since(r.Came)
	return ago < r.TTL, same
}

// waits says that people have to see to it: it has not come to an end, and there is time left for sure.
func (r Request) waits(now clock.Stamp) bool {
	more, known := r.left(now)
	return more && known && !r.Status.Over()
}

// Book is all of them. It is safe for concurrent use.
type Book struct {
	store Store
	now   func() clock.Stamp
	woken chan struct{}

	mu   sync.Mutex
	all  []Request // in order of their first coming
	news []wire.Result
}

const prefix = "request/"

// mostKept is how many are remembered; of more the oldest that came to an end are forgotten.
const mostKept = 50

// mostOpen is how many may wait for people at once: more could not be read by anybody.
const mostOpen = 20

// Open reads what the store has.
func Open(s Store, now func() clock.Stamp) (*Book, error) {
	b := &Book{store: s, now: now, woken: make(chan struct{}, 1)}
	names, err := s.Names(prefix)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	for _, name := range names {
		raw, err := s.Remembered(name)
		if err != nil {
			return nil, fmt.Errorf("read requests: %w", err)
		}
		var r Request
		if json.Unmarshal(raw, &r) == nil { // one of a version that this one does not know comes again if it still matters
			b.all = append(b.all, r)
		}
	}
	slices.SortFunc(b.all, func(a, b Request) int { return cmp.Compare(a.ID, b.ID) })
	return b, nil
}

// Take keeps a command for people, on stable storage when it returns nil. One that came before has its time set anew, and its state told.
func (b *Book) Take(c wire.Command) (wire.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.expire(now)
	i := b.find(c.ID)
	if i >= 0 && b.all[i].Status.Over() {
		return b.all[i].result(), nil
	}
	if i < 0 && b.open(now) >= mostOpen {
		return wire.Result{ID: c.ID, Status: wire.ResultRefused, Why: "too many requests wait at this kiosk"}, nil
	}
	r := Request{ID: c.ID, Kind: c.Kind, Of: c.Of, Step: c.Step, Text: c.Text, By: c.By, First: now, Status: wire.ResultKept}
	if i >= 0 {
		r = b.all[i]
	}
	r.Came, r.TTL = now, time.Duration(c.TTL)*time.Second
	if err := b.keep(r); err != nil {
		return wire.Result{}, err
	}
	if i >= 0 {
		b.all[i] = r
	} else {
		b.all = append(b.all, r)
	}
	return r.result(), b.trim()
}

// Waiting are those that people have to see to, oldest first.
func (b *Book) Waiting() (all []Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.expire(now)
	for _, r := range b.all {
		if r.waits(now) {
			all = append(all, r)
		}
	}
	return all
}

// Shown notes durably that a worker had it on the screen; Done that she did it or read it. An id that does not wait changes nothing.
func (b *Book) Shown(id string) error { return b.reach(id, wire.ResultShown, "") }

// Done notes durably that a worker did it, or read it.
func (b *Book) Done(id, worker string) error { return b.reach(id, wire.ResultDone, worker) }

func (b *Book) reach(id string, s wire.ResultStatus, worker string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(b.now())
	i := b.find(id)
	if i < 0 || b.all[i].Status.Over() || b.all[i].Status == s {
		return nil
	}
	r := b.all[i]
	r.Status, r.Worker = s, worker
	if s.Over() {
		r.Text = "" // nobody needs it any more
	}
	if err := b.keep(r); err != nil {
		return err
	}
	b.all[i] = r
	b.tell(r.result())
	return nil
}

// Tell has the clinic told a result that is none of a request: that a receipt is kept.
func (b *Book) Tell(r wire.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tell(r)
}

func (b *Book) tell(r wire.Result) {
	b.news = append(b.news, r)
	select {
	case b.woken <- struct{}{}:
	default:
	}
}

// News implements uplink.Requests.
func (b *Book) News() []wire.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.news
	b.news = nil
	return news
}

// Woken implements uplink.Requests.
func (b *Book) Woken() <-chan struct{} { return b.woken }

// expire ends what nobody did in time. That is not kept: it follows from what is kept, or from what the clinic says.
func (b *Book) expire(now clock.Stamp) {
	for i, r := range b.all {
		if more, known := r.left(now); known && !more && !r.Status.Over() {
			b.all[i].Status, b.all[i].Text = wire.ResultExpired, ""
			b.tell(b.all[i].result())
		}
	}
}

func (b *Book) find(id string) int {
	return slices.IndexFunc(b.all, func(r Request) bool { return r.ID == id })
}

// open is how many people have to see to.
func (b *Book) open(now clock.Stamp) (n int) {
	for _, r := range b.all {
		if r.waits(now) {
			n++
		}
	}
	return n
}

func (b *Book) keep(r Request) error {
	raw, err := json.Marshal(r)
	if err == nil {
		err = b.store.Remember(prefix+r.ID, raw)
	}
	if err != nil {
		return fmt.Errorf("keep a request: %w", err)
	}
	return nil
}

// trim forgets the oldest beyond mostKept that nobody has to see to.
func (b *Book) trim() error {
	now := b.now()
	for len(b.all) > mostKept {
		i := slices.IndexFunc(b.all, func(r Request) bool { return !r.waits(now) })
		if i < 0 {
			return nil
		}
		if err := b.store.Forgotten(prefix + b.all[i].ID); err != nil {
			return fmt.Errorf("forget a request: %w", err)
		}
		b.all = slices.Delete(b.all, i, i+1)
	}
	return nil
}
