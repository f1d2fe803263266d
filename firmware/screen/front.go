package screen

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/screen/guide"
)

// front is the touchscreen: the one owner of its session. A tap changes the session and the visit, in that order of durability: the visit first,
// because it holds what was measured.
type front struct {
	Backend
	log *slog.Logger

	mu      sync.Mutex
	session guide.Session
	touched time.Time // by a finger, last
}

// idleTime is how long nobody may touch the screen before it is locked.
const idleTime = 5 * time.Minute

// newFront takes up the session where it was.
func newFront(b Backend, log *slog.Logger) *front {
	f := &front{Backend: b, log: log, session: guide.New(), touched: time.Now()}
	kept, err := b.Remembered()
	if err == nil && kept != nil {
		err = json.Unmarshal(kept, &f.session)
	}
	if err != nil {
		log.Warn("the screen begins anew", "why", err) // a visit in progress is not lost by that
		f.session = guide.New()
	}
	return f
}

func (f *front) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", f.whole)
	mux.HandleFunc("POST /act", f.tapped)
	mux.HandleFunc("GET /events", f.events)
}

// now is the state and the session that belong together.
func (f *front) now() (State, guide.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.State()
	if err == nil && time.Since(f.touched) >= idleTime {
		err = f.keep(f.session.Idle(s.Visit))
	}
	return s, f.session, err
}

func (f *front) whole(w http.ResponseWriter, _ *http.Request) { f.write(w, false) }

func (f *front) write(w http.ResponseWriter, fragment bool) {
	s, session, err := f.now()
	var html []byte
	if err == nil {
		html, err = render(s, session, fragment)
	}
	if err != nil {
		f.log.Error("the screen cannot be drawn", "why", err)
		http.Error(w, "the screen cannot be drawn: call the technician", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(html) // the browser went away: nobody is left to tell
}

// tapped does one touch and answers with the screen as it then is: the fragment to a script, the page to a form.
func (f *front) tapped(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	rev, err := strconv.ParseUint(r.PostFormValue("rev"), 10, 64)
	do, value, _ := strings.Cut(r.PostFormValue("tap"), " ")
	if err == nil {
		err = f.tap(r.Context(), rev, guide.Tap{Do: do, Value: value})
	}
	if err != nil {
		f.log.Warn("a touch did nothing", "why", err)
	}
	if r.Header.Get("Accept") == "text/fragment+html" {
		f.write(w, true)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// tap does nothing when the page that was touched is an old one.
func (f *front) tap(ctx context.Context, rev uint64, t guide.Tap) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if rev != f.session.Rev {
		return nil
	}
	f.touched = time.Now()
	s, err := f.State()
	if err != nil {
		return err
	}
	next, call := f.session.Tap(s.Visit, t)
	if call != nil {
		next, err = f.call(ctx, s.Visit, next, *call)
	}
	return errors.Join(err, f.keep(next))
}

// call does what a tap asks of the kiosk, and says where the screen is then.
func (f *front) call(ctx context.Context, v *exam.View, next guide.Session, c guide.Call) (guide.Session, error) {
	if c.Open {
		_, err := f.Open(ctx, next.Patient, next.Worker)
		switch {
		case errors.Is(err, ErrInput):
			return next.Refuse(), nil
		case err != nil && !errors.Is(err, ErrBusy):
			return next, err
		}
		return next.Opened(), nil
	}
	after, err := f.Do(ctx, v.ID, c.What)
	if errors.Is(err, ErrStale) {
		return next, nil
	}
	if err == nil && (after.Step == exam.StepDone || after.Step == exam.StepCancelled) {
		return next.Over(after), nil
	}
	return next, err
}

// keep makes the session durable. Without that the tap still counts: at worst a power cut returns to the screen before.
func (f *front) keep(s guide.Session) error {
	if s.Rev == f.session.Rev {
		return nil
	}
	f.session = s
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return f.Remember(raw)
}
