package site

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/clinictest"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ward"
)

// TestWhatIsRefused: every page and every act, without a session, with one that is over, from another page, without the token, for a kiosk of another region, and by who
// has the wrong role: refused, and told to the audit. A refusal never says whether the kiosk is there.
func TestWhatIsRefused(t *testing.T) {
	const (
		mine  = "bhu-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
		other = "layyah-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
	)
	doctor := door.Account{Name: "d-1", Roles: []door.Role{{Role: "doctor", Kiosks: []string{"bhu-*"}}}}
	supervisor := door.Account{Name: "s-1", Roles: []door.Role{{Role: "supervisor", Kiosks: []string{"bhu-*"}}}}
	var told []door.Event
	s := &Site{Hub: ward.NewHub(clinictest.Quiet), Book: &chart.Book{}, Log: clinictest.Quiet, Guard: &door.Guard{
		Entry: door.NewEntry(nil), Sessions: door.NewSessions(), Log: clinictest.Quiet, Host: "ward.example",
		Audit: func(e door.Event) error { told = append(told, e); return nil },
	}}
	pages := s.Handler()
	now := time.Now()
	in := func(a door.Account, began time.Time) (cookie, token string) {
		cookie = s.Guard.Sessions.Begin(a, began)
		session, _ := s.Guard.Sessions.Find(cookie, false, began)
		return cookie, session.Token
	}
	type act struct{ method, path, body string }
	acts := func(kiosk, id string) []act {
		return []act{
			{"GET", "/kiosk/" + kiosk, ""},
			{"GET", "/kiosk/" + kiosk + "/events", ""},
			{"GET", "/kiosk/" + kiosk + "/readings?session=x", ""},
			{"GET", "/kiosk/" + kiosk + "/answers?of=x", ""},
			{"GET", "/reading/" + id, ""},
			{"GET", "/reading/" + id + "/chart", ""},
			{"POST", "/kiosk/" + kiosk + "/opened", "id=" + id},
			{"POST", "/kiosk/" + kiosk + "/ask", "do=repeat:oximetry&wait=60&of=" + id},
		}
	}
	ask := func(a act, cookie, token string, change func(*http.Request)) int {
		r := httptest.NewRequest(a.method, a.path, strings.NewReader(a.body))
		r.Host = "ward.example"
		if a.method == "POST" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "http://ward.example")
			r.Header.Set("X-Token", token)
		}
		r.AddCookie(&http.Cookie{Name: "__Host-ward", Value: url.QueryEscape(cookie)})
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		if w.Code == http.StatusSeeOther && w.Header().Get("Location") == "/sign-in" {
			return http.StatusForbidden // led to the sign-in
		}
		return w.Code
	}
	refused := func(what string, a act, want int, why string, cookie, token string, change func(*http.Request)) {
		t.Helper()
		told = nil
		if code := ask(a, cookie, token, change); code != want {
			t.Errorf("%s: %s %s: %d, want %d", what, a.method, a.path, code, want)
		}
		if len(told) != 1 || told[0].OK || told[0].Why != why {
			t.Errorf("%s: %s %s: the audit was told %+v", what, a.method, a.path, told)
		}
	}
	cookie, token := in(doctor, now)
	old, oldToken := in(doctor, now.Add(-24*time.Hour))
	gone, goneToken := in(doctor, now)
	s.Guard.Sessions.End(gone)
	watcher, watcherToken := in(supervisor, now)
	for _, a := range acts("bhu-1", mine) {
		refused("nobody", a, 403, "no session", "", "", nil)
		refused("a session that is over", a, 403, "no session", old, oldToken, nil)
		refused("a session that was ended, replayed", a, 403, "no session", gone, goneToken, nil)
		refused("another page", a, 403, "foreign origin", cookie, token, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
		refused("another host", a, 403, "foreign origin", cookie, token, func(r *http.Request) { r.Host = "evil.example" })
		refused("the wrong role", a, 404, "no right", watcher, watcherToken, nil)
		if a.method == "POST" {
			refused("without the token", a, 403, "no token", cookie, "", nil)
		}
	}
	for _, a := range acts("layyah-1", other) {
		refused("another region", a, 404, "no right", cookie, token, nil)
	}
	release := act{"POST", "/kiosk/bhu-1/release", "id=" + mine}
	refused("a doctor releases", release, 404, "no right", cookie, token, nil)
	refused("a supervisor of another region", act{"POST", "/kiosk/layyah-1/release", "id=" + other}, 404, "no right", watcher, watcherToken, nil)
	for _, a := range []act{
		{"POST", "/kiosk/bhu-1/release", "id=" + other},
		{"POST", "/kiosk/bhu-1/opened", "id=" + other},
		{"POST", "/kiosk/bhu-1/opened", ""},
		{"POST", "/kiosk/bhu-1/ask", "do=watch&wait=60"},
		{"POST", "/kiosk/bhu-1/ask", "do=message&wait=60&text="},
		{"POST", "/kiosk/bhu-1/ask", "do=repeat:oximetry&wait=9"},
	} {
		c, tok := cookie, token
		if strings.HasSuffix(a.path, "/release") {
			c, tok = watcher, watcherToken
		}
		if code := ask(a, c, tok, nil); code != http.StatusBadRequest {
			t.Errorf("%s %s with %q: %d", a.method, a.path, a.body, code)
		}
	}
}
