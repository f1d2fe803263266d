package site

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/bidi"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

//go:embed page
var files embed.FS

// fonts are put there by "make web" from the packages that package-lock.json names; nothing of them is committed.
//
//go:embed all:fonts
var fonts embed.FS

// HasFonts says whether this binary was built with the pages' fonts. Without them Urdu has letters missing where the device has no font of its own.
func HasFonts() bool {
	_, err := fs.Stat(fonts, "fonts/noto-naskh-arabic.woff2")
	return err == nil
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"word":  word,
	"hours": hours, "unix": func(s int64) time.Time { return time.Unix(s, 0) },
	"clock": func(t time.Time) string { return t.In(Pakistan).Format("2 Jan 15:04") },
	"day":   func(t time.Time) string { return t.In(Pakistan).Format("2 Jan 2006") },
	"milli": func(t time.Time) int64 { return t.UnixMilli() }, "figure": figure, "letter": bidi.Isolate, "person": patientOf, "bookWords": func() []string { return bookWords }, "visit": visitOf,
	"steps4": func() []string { return wire.Steps }, "waits": func() []string { return []string{"30", "60", "240", "720"} },
	"tiles": func() [][2]string { return tiles },
	"modes": func() []wire.Mode { return []wire.Mode{wire.ModeWave, wire.ModeNumbers, wire.ModeSummary} },
	"sexes": func() []reading.Sex {
		return []reading.Sex{reading.Female, reading.Male, reading.OtherSex, reading.UnknownSex}
	},
	"steps": func() []string { return steps },
}).ParseFS(files, "page/*.gohtml"))

// tiles are what is live, with its unit; steps are those of a visit, as the kiosk names them.
var (
	tiles     = [][2]string{{"spo2", "%"}, {"pulse", "/min"}, {"temp", "°C"}, {"cuff", "mmHg"}}
	bookWords = []string{
		"books.day", "books.adds-up", "books.saved", "books.recorded", "books.clinic", "books.waiting", "books.parked", "superseded", "books.retracted",
	}
	steps = []string{"patient", "blood-pressure", "oximetry", "temperature", "respiration", "review"}
)

// Site serves the pages.
type Site struct {
	Practice bool // its kiosks measure nobody
	Hub      *ward.Hub
	Book     chart.Keeper
	Guard    *door.Guard
	Log      *slog.Logger
}

// Handler is all of it.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-in", s.Guard.SignIn)
	if s.Guard.Provider != nil {
		mux.HandleFunc("GET /sign-in/oidc", s.Guard.Away)
		mux.HandleFunc("GET /sign-in/oidc/back", s.Guard.Back)
	}
	mux.HandleFunc("POST /sign-out", s.Guard.Inside(false, s.Guard.SignOut))
	mux.HandleFunc("GET /{$}", s.Guard.Inside(false, s.home))
	mux.HandleFunc("GET /fleet", s.Guard.Inside(false, s.fleet))
	mux.HandleFunc("GET /kiosk/{name}", s.Guard.Inside(false, s.kiosk))
	mux.HandleFunc("POST /kiosk/{name}/release", s.Guard.Inside(false, s.release))
	mux.HandleFunc("GET /kiosk/{name}/readings", s.Guard.Inside(true, s.readings))
	mux.HandleFunc("GET /kiosk/{name}/answers", s.Guard.Inside(true, s.answers))
	mux.HandleFunc("POST /kiosk/{name}/opened", s.Guard.Inside(false, s.opened))
	mux.HandleFunc("POST /kiosk/{name}/ask", s.Guard.Inside(false, s.ask))
	mux.HandleFunc("GET /reading/{id}", s.Guard.Inside(false, s.reading))
	mux.HandleFunc("GET /reading/{id}/chart", s.Guard.Inside(true, s.reading))
	mux.HandleFunc("GET /waiting", s.Guard.Inside(true, s.waiting))
	mux.HandleFunc("GET /kiosk/{name}/events", s.Guard.Inside(true, s.events))
	for _, name := range []string{"site.css", "live.js", "chart.js", "home.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "page/"+name) })
	}
	mux.Handle("GET /fonts/", http.FileServerFS(fonts))
	return policy(mux)
}

// policy is one under which nothing runs or loads but ours.
func policy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src 'self'; "+
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer a form's Origin would be null, and the door could not tell whose it is
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// shown is what every page knows.
type shown struct {
	Lang, Other, Dir string
	Path             string
	Session          door.Session
	Practice         bool
	Kiosks           []ward.Standing
	Kiosk            string
	Waiting          []chart.Person
	Chart            charted
	Units            []unit // of the fleet
	Fleet            bool   // there is one for this account
	Local, Elsewhere bool   // ways to sign in
	Now              time.Time
}

func (s *Site) show(w http.ResponseWriter, r *http.Request, name string, p shown) {
	p.Lang = language(w, r)
	p.Dir, p.Other, p.Path = "ltr", "ur", r.URL.Path
	if p.Lang == "ur" {
		p.Dir, p.Other = "rtl", "en"
	}
	p.Session, p.Practice = door.Of(r), s.Practice
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		s.Log.Error("a page cannot be drawn", "page", name, "why", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // whose browser is gone does not need it
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, "sign-in.gohtml", shown{Local: s.Guard.Entry.Any(), Elsewhere: s.Guard.Provider != nil})
}

// home is the kiosks that who is in may look at.
func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	s.list(w, r, "kiosks.gohtml")
}

// waiting is the same as a part of the page.
func (s *Site) waiting(w http.ResponseWriter, r *http.Request) { s.list(w, r, "waiting.gohtml") }

func (s *Site) list(w http.ResponseWriter, r *http.Request, page string) {
	all, err := s.Book.Waiting(r.Context())
	if err != nil {
		s.Log.Error("who waits cannot be read", "why", err)
		http.Error(w, "the list cannot be read: tell who runs this", http.StatusServiceUnavailable)
		return
	}
	s.show(w, r, page, shown{Waiting: chart.ByNeed(chart.Only(all, s.mayLook(r))), Kiosks: s.standings(r, door.Look), Fleet: s.standings(r, door.Supervise) != nil, Now: time.Now()})
}

// standings are those of the kiosks at which who is in has that right.
func (s *Site) standings(r *http.Request, right door.Right) (all []ward.Standing) {
	for _, k := range s.Hub.Standings() {
		if door.Of(r).Account.May(right, k.Kiosk) {
			all = append(all, k)
		}
	}
	return all
}

func (s *Site) kiosk(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("name"); s.Guard.Allow(w, r, door.Look, name) {
		s.show(w, r, "kiosk.gohtml", shown{Kiosk: name})
	}
}
