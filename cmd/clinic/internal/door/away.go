package door

import (
	"errors"
	"net/http"
	"time"
)

// awayCookie is what a browser holds while its person is at the provider. It comes back from another site, so it is Lax.
const awayCookie = "__Host-away"

// Away sends somebody to the provider. It is answered to GET: nothing here has changed yet.
func (g *Guard) Away(w http.ResponseWriter, r *http.Request) {
	if r.Host != g.Host {
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	address, cookie, err := g.Provider.begin(r.Context(), time.Now())
	if err != nil {
		g.Log.Warn("the sign-in service cannot be asked")
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: awayCookie, Value: cookie, Path: "/", MaxAge: int(atMost / time.Second), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// Back takes somebody back from the provider. The answer is a page that goes on by itself, and no redirect: a session's cookie is sent with what our own page
// asks for, and not with what another site began (RFC 6265bis, section 5.2.1).
func (g *Guard) Back(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(awayCookie)
	if err != nil || r.Host != g.Host {
		_ = g.Tell(Event{Did: "sign-in", Why: "foreign origin"}) // refused either way
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: awayCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	a, err := g.Provider.finish(r.Context(), r.URL.Query().Get("state"), r.URL.Query().Get("code"), c.Value, time.Now())
	switch {
	case errors.Is(err, ErrAway):
		g.Log.Warn("the sign-in service cannot be asked")
		http.Error(w, err.Error(), http.StatusBadGateway)
	case err != nil:
		why := "wrong"
		if errors.Is(err, ErrNoRole) {
			why = "no role"
		}
		_ = g.Tell(Event{Who: a.Name, Did: "sign-in", Why: why}) // as above
		http.Error(w, err.Error(), http.StatusForbidden)
	case g.Tell(Event{Who: a.Name, Did: "sign-in", OK: true}) != nil:
		http.Error(w, "the audit cannot be written: tell who runs this", http.StatusServiceUnavailable)
	default:
		g.enter(w, a)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>nabz</title><p><a href="/">nabz</a></p></html>`)) // whose browser is gone does not need it
	}
}

// enter begins the session of somebody who has shown who she is.
func (g *Guard) enter(w http.ResponseWriter, a Account) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: g.Sessions.Begin(a, time.Now()), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
