package door

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Event is what the audit is told.
type Event struct {
	At    time.Time
	Who   string // the account's name; empty when it is none's
	Did   string // "sign-in", "sign-out", "look", "supervise", "come-in", "open", "ask", "release"
	Kiosk string
	Of    []string // the Bundles that it is about
	Visit string   // the visit that it is about
	OK    bool
	Why   string // when not: "wrong", "locked", "no role", "no session", "no right", "foreign origin", "no token"
}

// Guard stands before the pages.
type Guard struct {
	Entry    *Entry
	Sessions *Sessions
	Audit    func(Event) error // what it cannot write does not happen
	Log      *slog.Logger
	Host     string    // what the browser must ask for, with the port where it is not the usual one
	Provider *Provider // nil: local accounts only

	once     sync.Once
	refusals *rate.Limiter
}

// mostRefusals may be written at once, and one a second after them: whoever knocks all night must not fill the disk. The log says when some are left out.
const mostRefusals = 100

// cookieName makes the browser insist on a secure origin, the whole path and no domain (RFC 6265bis, section 4.1.3.2).
const cookieName = "__Host-ward"

type sessionKey struct{}

// Of is the session of a request that came through Inside.
func Of(r *http.Request) Session {
	s, _ := r.Context().Value(sessionKey{}).(Session)
	return s
}

const noSession = "no session"

// Tell tells the audit. What it cannot write must not happen; a refusal stays one.
func (g *Guard) Tell(e Event) error {
	e.At = time.Now()
	g.once.Do(func() { g.refusals = rate.NewLimiter(1, mostRefusals) })
	if !e.OK && !g.refusals.AllowN(e.At, 1) {
		g.Log.Warn("a refusal is left out of the audit: there are too many", "did", e.Did, "why", e.Why)
		return nil
	}
	err := g.Audit(e)
	if err != nil {
		g.Log.Error("the audit was not written", "why", err)
	}
	return err
}

// ours refuses requests that another page made the browser send, or that asked for another host.
func (g *Guard) ours(r *http.Request) bool {
	if r.Host != g.Host {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && (site != "none" || r.Method != http.MethodGet) {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" && r.Method == http.MethodGet || origin == "https://"+g.Host || origin == "http://"+g.Host && r.TLS == nil
}

// In says whether a request comes from who is in; it keeps no session open.
func (g *Guard) In(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	_, ok := g.Sessions.Find(c.Value, false, time.Now())
	return ok
}

// SignIn answers the form with name, password and code.
func (g *Guard) SignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	name := r.PostFormValue("name")
	who := g.Entry.Known(name)
	if !g.ours(r) {
		_ = g.Tell(Event{Who: who, Did: "sign-in", Why: "foreign origin"}) // refused either way
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	a, err := g.Entry.Try(name, r.PostFormValue("password"), r.PostFormValue("code"), time.Now())
	var locked *LockedError
	switch {
	case errors.As(err, &locked):
		_ = g.Tell(Event{Who: who, Did: "sign-in", Why: "locked"}) // as above
		http.Error(w, err.Error(), http.StatusTooManyRequests)
	case err != nil:
		_ = g.Tell(Event{Who: who, Did: "sign-in", Why: "wrong"}) // as above
		http.Error(w, err.Error(), http.StatusForbidden)
	case g.Tell(Event{Who: a.Name, Did: "sign-in", OK: true}) != nil:
		http.Error(w, "the audit cannot be written: tell who runs this", http.StatusServiceUnavailable)
	default:
		g.enter(w, a)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// SignOut ends the session.
func (g *Guard) SignOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		g.Sessions.End(c.Value)
		_ = g.Tell(Event{Who: Of(r).Account.Name, Did: "sign-out", OK: true}) // the session is over whatever the audit says
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// Inside lets only those through who are in. Whose session is over is led to the sign-in when a page was asked for. What changes something needs the
// session's token too. With listens the request is a page's own stream, which keeps no session open.
func (g *Guard) Inside(listens bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, why := g.inside(listens, r)
		if why != "" {
			_ = g.Tell(Event{Who: s.Account.Name, Did: "come-in", Why: why}) // refused either way
			if why == noSession && r.Method == http.MethodGet && !listens {
				http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
				return
			}
			http.Error(w, "refused: "+why, http.StatusForbidden)
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, s)))
	}
}

func (g *Guard) inside(listens bool, r *http.Request) (s Session, why string) {
	if !g.ours(r) {
		return s, "foreign origin"
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return s, noSession
	}
	s, ok := g.Sessions.Find(c.Value, !listens, time.Now())
	if !ok {
		return s, noSession
	}
	if r.Method != http.MethodGet && subtle.ConstantTimeCompare([]byte(cmp.Or(r.Header.Get("X-Token"), r.PostFormValue("token"))), []byte(s.Token)) != 1 {
		return s, "no token"
	}
	return s, ""
}

// Allow says whether who is in has that right at the kiosk, and tells the audit. Without the right, and when the audit cannot be written, the answer has
// been given.
func (g *Guard) Allow(w http.ResponseWriter, r *http.Request, right Right, kiosk string) bool {
	return g.AllowTo(w, r, right, Event{Did: string(right), Kiosk: kiosk})
}

// AllowAgain is AllowTo for what a page asks for again and again by itself: the audit is told once in ten minutes.
func (g *Guard) AllowAgain(w http.ResponseWriter, r *http.Request, right Right, e Event) bool {
	s, what := Of(r), strings.Join(append([]string{e.Did, e.Kiosk, e.Visit}, e.Of...), " ")
	if s.Account.May(right, e.Kiosk) && s.recent.told(what, time.Now()) {
		return true
	}
	ok := g.AllowTo(w, r, right, e)
	if ok {
		s.recent.note(what, time.Now())
	}
	return ok
}

// AllowTo is Allow for what e says is going to be done.
func (g *Guard) AllowTo(w http.ResponseWriter, r *http.Request, right Right, e Event) bool {
	a := Of(r).Account
	e.Who, e.OK = a.Name, a.May(right, e.Kiosk)
	if !e.OK {
		e.Why = "no right"
	}
	err := g.Tell(e)
	switch {
	case !e.OK:
		http.Error(w, "not found", http.StatusNotFound) // whether it exists is nobody's business
	case err != nil:
		http.Error(w, "the audit cannot be written: tell who runs this", http.StatusServiceUnavailable)
	}
	return e.OK && err == nil
}
