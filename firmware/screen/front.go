package screen

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"nabz/firmware/audit"
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
	past    []Past    // as they were read last
	read    time.Time
	lesson  *front    // the practice, while there is one
	keys    [8]string // of the newest touches
	nextKey int
}

// idleTime is how long nobody may touch the screen before it is locked; practiceIdle, before the practice ends.
const (
	idleTime     = 5 * time.Minute
	practiceIdle = 10 * time.Minute
)

// newFront takes up the session where it was. A lesson that was going on is over: it held nothing that anybody needs.
func newFront(b Backend, log *slog.Logger) *front {
	fresh := guide.New()
	if s, err := b.State(); err == nil && s.Language != "" {
		fresh.Lang = s.Language
	}
	f := &front{Backend: b, log: log, session: fresh, touched: time.Now()}
	kept, err := b.Remembered()
	if err == nil && kept != nil {
		err = json.Unmarshal(kept, &f.session)
	}
	if err != nil {
		log.Warn("the screen begins anew", "why", err) // a visit in progress is not lost by that
		f.session = fresh
	}
	return f
}

func (f *front) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", f.whole)
	mux.HandleFunc("POST /act", f.tapped)
	mux.HandleFunc("GET /events", f.events)
}

// inFront is the screen that is shown: the practice's while there is one. f.mu is held.
func (f *front) inFront() *front {
	if f.lesson != nil {
		return f.lesson
	}
	return f
}

// now is what belongs together: what the kiosk is doing, and where the screen is.
func (f *front) now() (seen, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.idle(); err != nil {
		return seen{}, err
	}
	return f.inFront().look()
}

// look reads what a screen shows. The owner's lock is held.
func (f *front) look() (seen, error) {
	s, err := f.State()
	if err != nil {
		return seen{}, err
	}
	o := office{Workers: f.Workers().List(), Lessons: lessonsOf(f.session, s), Learned: f.learned()}
	_, o.Claimed = f.Workers().Of("0")
	switch f.session.Place {
	case guide.Today, guide.Past, guide.Slip, guide.PastWrong, guide.PastKind, guide.PastHand:
		if o.Past, err = f.day(); err != nil {
			return seen{}, err
		}
	}
	return seen{State: s, office: o, session: f.session}, nil
}

// shownWave is the pulse wave of the kiosk in front.
func (f *front) shownWave(after uint64) ([]int, int, uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inFront().Wave(after)
}

// shownRequest notes that a request is on the screen; of none there is nothing to note.
func (f *front) shownRequest(id string) error {
	if id == "" {
		return nil
	}
	return f.RequestShown(id)
}

func (f *front) learned() []string {
	w, _ := f.Workers().Of(f.session.Worker)
	return w.Lessons
}

// day is read again after a second: receipts come in while a worker looks.
func (f *front) day() (_ []Past, err error) {
	if time.Since(f.read) < time.Second {
		return f.past, nil
	}
	if f.past, err = f.Past(); err == nil {
		f.read = time.Now()
	}
	return f.past, err
}

// idle locks the screen that nobody has touched for long, and ends the practice.
func (f *front) idle() error {
	since := time.Since(f.touched)
	if f.lesson != nil {
		if since < practiceIdle {
			return nil
		}
		f.leave()
	}
	if since < idleTime {
		return nil
	}
	s, err := f.State()
	if err != nil {
		return err
	}
	before := f.session
	next := before.Idle(s.Visit)
	if next.Rev != before.Rev && before.Worker != "" {
		f.note(audit.Entry{Who: before.Operator(), Did: audit.Lock, OK: true})
	}
	return f.keep(next)
}

// note writes an act into the audit. What cannot be written does not keep a worker from a patient.
func (f *front) note(e audit.Entry) {
	if err := f.Note(e); err != nil {
		f.log.Error("the audit was not written", "why", err)
	}
}

func (f *front) whole(w http.ResponseWriter, _ *http.Request) { f.write(w, false) }

func (f *front) write(w http.ResponseWriter, fragment bool) {
	s, err := f.now()
	var html []byte
	if err == nil {
		html, err = s.render(fragment)
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
		err = f.tap(r.Context(), rev, r.PostFormValue("key"), guide.Tap{Do: do, Value: value})
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

// keep makes the session durable. Without that the tap still counts: at worst a power cut returns to the screen before.
func (f *front) keep(s guide.Session) error {
	if s.Rev == f.session.Rev {
		return nil
	}
	f.session = s
	raw, err := json.Marshal(s.Kept())
	if err != nil {
		return err
	}
	return f.Remember(raw)
}
