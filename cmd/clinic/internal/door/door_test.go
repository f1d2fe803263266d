package door

import (
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"nabz/firmware/secret"
)

// key is the one of RFC 6238, appendix B.
var key = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))

const password = "synthetic horse staple"

var hash = secret.Hash(password)

func doctor(name string, kiosks ...string) Account {
	return Account{Name: name, Password: hash, Code: key, Roles: []Role{{"doctor", kiosks}}}
}

func codeAt(t testing.TB, at time.Time) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(key, uint64(at.Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestCodes are the SHA-1 vectors of RFC 6238, appendix B, their last six digits.
func TestCodes(t *testing.T) {
	a := doctor("d")
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		for drift, want := range map[int64]bool{0: true, -30: true, 30: true, -90: false, 90: false} {
			if _, good := a.code(code, time.Unix(at+drift, 0)); good != want {
				t.Errorf("the code of %d at %d: good %t", at, at+drift, good)
			}
		}
	}
}

func TestSignIn(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	e := NewEntry([]Account{doctor("d-1", "*")})
	for _, c := range []struct{ what, name, password, code string }{
		{"a wrong password", "d-1", "x", codeAt(t, now)},
		{"a wrong code", "d-1", password, "000000"},
		{"nobody", "d-2", password, codeAt(t, now)},
		{"no code", "d-1", password, ""},
		{"an old code", "d-1", password, codeAt(t, now.Add(-2*time.Minute))},
	} {
		if _, err := e.Try(c.name, c.password, c.code, now); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if a, err := e.Try("d-1", password, codeAt(t, now), now); err != nil || a.Name != "d-1" {
		t.Errorf("the right ones: %v", err)
	}
	if _, err := e.Try("d-1", password, codeAt(t, now), now.Add(time.Second)); !errors.Is(err, ErrRefused) {
		t.Errorf("a code is good twice: %v", err)
	}
}

// TestWaitGrows: after five wrong tries each one waits longer; the right password does not help meanwhile.
func TestWaitGrows(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	e := NewEntry([]Account{doctor("d-1", "*")})
	var locked *LockedError
	before := time.Duration(0)
	for i := range freeTries + 4 {
		if _, err := e.Try("d-1", "x", "000000", now); !errors.Is(err, ErrRefused) {
			t.Fatalf("try %d: %v", i+1, err)
		}
		_, err := e.Try("d-1", password, codeAt(t, now), now)
		if i+1 < freeTries {
			if err != nil {
				t.Fatalf("try %d locks already: %v", i+1, err)
			}
			e = NewEntry([]Account{doctor("d-1", "*")}) // begin again, one more
			for range i + 1 {
				_, _ = e.Try("d-1", "x", "000000", now) // wrong, as wanted
			}
			continue
		}
		if !errors.As(err, &locked) || locked.Wait <= before {
			t.Fatalf("after try %d: %v, before it was %s", i+1, err, before)
		}
		before = locked.Wait
		now = now.Add(locked.Wait)
	}
}

func TestRights(t *testing.T) {
	a := Account{Roles: []Role{{"doctor", []string{"layyah-*"}}, {"supervisor", []string{"bhu-1"}}}}
	for _, c := range []struct {
		right Right
		kiosk string
		want  bool
	}{
		{Look, "layyah-7", true},
		{Look, "bhu-1", false},
		{Supervise, "bhu-1", true},
		{Supervise, "layyah-7", false},
		{Look, "rajanpur-1", false},
		{Look, "layyah", false},
		{Look, "", false},
		{"", "layyah-7", false},
	} {
		if got := a.May(c.right, c.kiosk); got != c.want {
			t.Errorf("%s at %s: %t", c.right, c.kiosk, got)
		}
	}
}

func TestLoad(t *testing.T) {
	good := fmt.Sprintf(`{"accounts":[{"name":"d-1","password":%q,"code":%q,"roles":[{"role":"doctor","kiosks":["layyah-*"]}]}]}`, hash, key)
	load := func(text string, mode os.FileMode) error {
		file := filepath.Join(t.TempDir(), "accounts.json")
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file)
		return err
	}
	if err := load(good, 0o600); err != nil {
		t.Errorf("a good file: %v", err)
	}
	if err := load(good, 0o644); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that all may read: %v", err)
	}
	for what, text := range map[string]string{
		"no accounts": `{"accounts":[]}`, "not JSON": "x", "an unknown key": strings.Replace(good, `"name"`, `"mail":"x","name"`, 1),
		"a plain password": strings.Replace(good, hash[:9], "secret", 1), "a short code": strings.Replace(good, key, "GEZDG", 1),
		"an unknown role": strings.Replace(good, `"doctor"`, `"admin"`, 1), "a bad name": strings.Replace(good, "d-1", "D 1", 1),
		"a bad pattern": strings.Replace(good, "layyah-*", "[", 1), "twice": `{"accounts":[` + good[13:len(good)-2] + `,` + good[13:],
	} {
		if err := load(text, 0o600); err == nil {
			t.Errorf("%s: loaded", what)
		}
	}
}

// TestSessionsEnd: when nobody does anything, after a shift, and at the sign-out; a page that only listens keeps none open.
func TestSessionsEnd(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	s := NewSessions()
	good := func(cookie string, touched bool, at time.Duration) bool {
		_, ok := s.Find(cookie, touched, now.Add(at))
		return ok
	}
	idle := s.Begin(doctor("d-1"), now)
	if !good(idle, false, idleTime-1) || good(idle, false, idleTime) || good(idle, true, 0) {
		t.Error("an idle session does not end, or comes back")
	}
	shift := s.Begin(doctor("d-1"), now)
	at := time.Duration(0)
	for ; at < longestTime; at += idleTime - time.Second {
		if !good(shift, true, at) {
			t.Fatalf("a session that is used ended after %s", at)
		}
	}
	if good(shift, true, longestTime) {
		t.Error("a session outlives a shift")
	}
	out := s.Begin(doctor("d-1"), now)
	s.End(out)
	if good(out, true, 0) || good("", true, 0) || good("guessed", true, 0) {
		t.Error("a cookie that is none opens something")
	}
	one, other := s.Begin(doctor("d-1"), now), s.Begin(doctor("d-1"), now)
	if one == other {
		t.Error("two sessions are alike")
	}
}

// house is a guard with two pages behind it: a kiosk to look at, and an act on it.
type house struct {
	*testing.T
	guard  *Guard
	told   []Event
	broken error // of the audit
	cookie string
	token  string
}

func newHouse(t *testing.T) *house {
	h := &house{T: t}
	h.guard = &Guard{
		Entry: NewEntry([]Account{doctor("d-1", "layyah-*")}), Sessions: NewSessions(), Log: slog.New(slog.DiscardHandler), Host: "ward.example",
		Audit: func(e Event) error { h.told = append(h.told, e); return h.broken },
	}
	return h
}

func (h *house) ask(method, path string, form url.Values, change func(*http.Request)) int {
	h.Helper()
	pages := http.NewServeMux()
	pages.HandleFunc("POST /sign-in", h.guard.SignIn)
	pages.HandleFunc("POST /sign-out", h.guard.Inside(false, h.guard.SignOut))
	pages.HandleFunc("/stream", h.guard.Inside(true, func(http.ResponseWriter, *http.Request) {}))
	pages.HandleFunc("/kiosk/{name}", h.guard.Inside(false, func(w http.ResponseWriter, r *http.Request) {
		h.token = Of(r).Token
		if h.guard.Allow(w, r, Look, r.PathValue("name")) {
			w.WriteHeader(http.StatusOK)
		}
	}))
	r := httptest.NewRequest(method, "https://ward.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if method != http.MethodGet {
		r.Header.Set("Origin", "https://ward.example")
	}
	if h.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: h.cookie})
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		h.cookie = c.Value
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			h.Errorf("the cookie is %v", c)
		}
	}
	return w.Code
}

func (h *house) signIn() {
	h.Helper()
	form := url.Values{"name": {"d-1"}, "password": {password}, "code": {codeAt(h, time.Now())}}
	if code := h.ask("POST", "/sign-in", form, nil); code != http.StatusSeeOther {
		h.Fatalf("sign-in: %d", code)
	}
}

// last checks the newest line of the audit.
func (h *house) last(want Event) {
	h.Helper()
	got := h.told[len(h.told)-1]
	got.At = time.Time{}
	if !reflect.DeepEqual(got, want) {
		h.Errorf("the audit was told %+v, want %+v", got, want)
	}
}

// TestEveryWayInIsRefused: what is not allowed is refused, and told to the audit.
func TestEveryWayInIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		refused := func(what string, code int, want Event) {
			t.Helper()
			led := want.Why == noSession && code == http.StatusSeeOther // to the sign-in
			if code != http.StatusForbidden && code != http.StatusNotFound && !led {
				t.Errorf("%s: %d", what, code)
			}
			h.last(want)
		}
		refused("without a session", h.ask("GET", "/kiosk/layyah-1", nil, nil), Event{Did: "come-in", Why: "no session"})
		refused("a wrong password", h.ask("POST", "/sign-in", url.Values{"name": {"d-1"}, "password": {"x"}}, nil), Event{Who: "d-1", Did: "sign-in", Why: "wrong"})
		refused("a password in the wrong field", h.ask("POST", "/sign-in", url.Values{"name": {password}, "password": {"x"}}, nil), Event{Did: "sign-in", Why: "wrong"})
		foreign := func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }
		refused("a sign-in from another page", h.ask("POST", "/sign-in", url.Values{"name": {"d-1"}}, foreign), Event{Who: "d-1", Did: "sign-in", Why: "foreign origin"})
		h.signIn()
		h.last(Event{Who: "d-1", Did: "sign-in", OK: true})
		if code := h.ask("GET", "/kiosk/layyah-1", nil, nil); code != http.StatusOK {
			t.Fatalf("her own kiosk: %d", code)
		}
		h.last(Event{Who: "d-1", Did: "look", Kiosk: "layyah-1", OK: true})
		refused("another region's kiosk", h.ask("GET", "/kiosk/rajanpur-1", nil, nil), Event{Who: "d-1", Did: "look", Kiosk: "rajanpur-1", Why: "no right"})
		refused("an act without the token", h.ask("POST", "/kiosk/layyah-1", nil, nil), Event{Who: "d-1", Did: "come-in", Why: "no token"})
		refused("an act with another token", h.ask("POST", "/kiosk/layyah-1", url.Values{"token": {random()}}, nil), Event{Who: "d-1", Did: "come-in", Why: "no token"})
		refused("an act from another page", h.ask("POST", "/kiosk/layyah-1", url.Values{"token": {h.token}}, foreign), Event{Did: "come-in", Why: "foreign origin"})
		site := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
		refused("a look that another page asks for", h.ask("GET", "/kiosk/layyah-1", nil, site), Event{Did: "come-in", Why: "foreign origin"})
		host := func(r *http.Request) { r.Host = "evil.example" }
		refused("another name of this host", h.ask("GET", "/kiosk/layyah-1", nil, host), Event{Did: "come-in", Why: "foreign origin"})
		if code := h.ask("POST", "/kiosk/layyah-1", url.Values{"token": {h.token}}, nil); code != http.StatusOK {
			t.Errorf("an act with the token: %d", code)
		}
		stolen := h.cookie
		if code := h.ask("POST", "/sign-out", url.Values{"token": {h.token}}, nil); code != http.StatusSeeOther {
			t.Errorf("sign-out: %d", code)
		}
		h.cookie = stolen
		refused("a session that is over, replayed", h.ask("GET", "/kiosk/layyah-1", nil, nil), Event{Did: "come-in", Why: "no session"})
		time.Sleep(time.Minute) // of the bubble: another code
		h.cookie = ""
		h.signIn()
		time.Sleep(idleTime)
		refused("the stream of an expired session", h.ask("GET", "/stream", nil, nil), Event{Did: "come-in", Why: "no session"})
		refused("an expired session", h.ask("GET", "/kiosk/layyah-1", nil, nil), Event{Did: "come-in", Why: "no session"})
	})
}

// TestKnockingAllNight: refusals fill no disk, and what is allowed is always written.
func TestKnockingAllNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 3 * mostRefusals {
			h.ask("GET", "/kiosk/layyah-1", nil, nil)
		}
		if len(h.told) != mostRefusals {
			t.Errorf("%d refusals are written", len(h.told))
		}
		h.signIn()
		h.last(Event{Who: "d-1", Did: "sign-in", OK: true})
		time.Sleep(time.Minute)
		h.ask("GET", "/kiosk/rajanpur-1", nil, nil)
		h.last(Event{Who: "d-1", Did: "look", Kiosk: "rajanpur-1", Why: "no right"})
	})
}

// TestNothingWithoutAudit: what cannot be written down does not happen.
func TestNothingWithoutAudit(t *testing.T) {
	h := newHouse(t)
	h.signIn()
	h.broken = errors.New("disk full")
	if code := h.ask("GET", "/kiosk/layyah-1", nil, nil); code != http.StatusServiceUnavailable {
		t.Errorf("a look that nobody writes down: %d", code)
	}
	other := newHouse(t)
	other.broken = h.broken
	form := url.Values{"name": {"d-1"}, "password": {password}, "code": {codeAt(t, time.Now())}}
	if code := other.ask("POST", "/sign-in", form, nil); code != http.StatusServiceUnavailable || other.cookie != "" {
		t.Errorf("a sign-in that nobody writes down: %d", code)
	}
}

// TestToldOnce: what a page asks for again and again is told to the audit once in ten minutes, for each kiosk and visit.
func TestToldOnce(t *testing.T) {
	r := &recent{at: map[string]time.Time{}}
	now := time.Unix(1_790_000_000, 0)
	for _, c := range []struct {
		what  string
		after time.Duration
		told  bool
	}{{"a", 0, false}, {"a", time.Minute, true}, {"b", time.Minute, false}, {"a", retold - 1, true}, {"a", retold, false}, {"a", retold + 1, true}} {
		if told := r.told(c.what, now.Add(c.after)); told != c.told {
			t.Errorf("%s after %s: %t", c.what, c.after, told)
		} else if !told {
			r.note(c.what, now.Add(c.after))
		}
	}
}
