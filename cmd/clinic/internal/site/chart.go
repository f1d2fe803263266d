package site

import (
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/fhir"
	"nabz/firmware/wire"
)

// charted is what the chart's templates see beside what every page knows.
type charted struct {
	chart.Chart
	Kiosk  string // whose people can be asked
	Of     string // the Bundle or the visit that they are asked about
	Unread map[string][]string
	New    map[string]bool // the same by id
	Trends []chart.Trend
	Asked  []ledger.Errand
}

// visited is one visit as its template sees it.
type visited struct {
	chart.Visit
	Lang string
	New  map[string]bool
}

func visitOf(lang string, v chart.Visit, unread map[string]bool) visited {
	return visited{v, lang, unread}
}

// reading is the patient whose Bundle that is; with /chart behind it only the part that changes, which the page asks for by itself.
func (s *Site) reading(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	kiosk, ok := kioskOf(id)
	if !ok {
		http.NotFound(w, r)
		return
	}
	page, allow := "reading.gohtml", s.Guard.AllowTo
	if strings.HasSuffix(r.URL.Path, "/chart") {
		page, allow = "chart.gohtml", s.Guard.AllowAgain
	}
	if !allow(w, r, door.Look, door.Event{Did: string(door.Look), Kiosk: kiosk, Of: []string{id}}) {
		return
	}
	c, err := s.Book.Open(r.Context(), id)
	if errors.Is(err, chart.ErrUnknown) {
		http.NotFound(w, r)
		return
	}
	s.chart(w, r, page, charted{Chart: c, Kiosk: kiosk, Of: id}, err)
}

// readings are those of the patient whose live session is on the page, as a part of it.
func (s *Site) readings(w http.ResponseWriter, r *http.Request) {
	kiosk := r.PathValue("name")
	whose, ok := s.Hub.Whose(kiosk, r.URL.Query().Get("session"))
	if !s.Guard.AllowAgain(w, r, door.Look, door.Event{Did: string(door.Look), Kiosk: kiosk, Visit: whose.Visit}) {
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	c, err := s.Book.Of(r.Context(), whose.Patient)
	s.chart(w, r, "chart.gohtml", charted{Chart: c, Kiosk: kiosk, Of: whose.Visit}, err)
}

func (s *Site) chart(w http.ResponseWriter, r *http.Request, page string, c charted, err error) {
	var waiting []chart.Waiting
	if err == nil {
		waiting, err = s.Book.Waiting(r.Context())
	}
	var u chart.Unit
	if err == nil {
		u, err = s.Book.Unit(r.Context(), c.Kiosk)
	}
	if err != nil {
		s.Log.Error("a chart cannot be read", "why", err)
		http.Error(w, word(language(w, r), "record-away"), http.StatusServiceUnavailable)
		return
	}
	c.Chart = c.Only(s.mayLook(r))
	c.Unread, c.Asked = c.Chart.Unread(waiting), askedOf(u, c.about)
	c.New = map[string]bool{}
	for _, ids := range c.Unread {
		for _, id := range ids {
			c.New[id] = true
		}
	}
	c.Trends = c.Chart.Trends()
	s.show(w, r, page, shown{Kiosk: c.Kiosk, Chart: c, Now: time.Now()})
}

// about says whether something that was asked is about this patient.
func (c charted) about(of string) bool {
	if of == c.Of {
		return true
	}
	for _, v := range c.Visits {
		for _, row := range v.Rows {
			if row.Entry == of {
				return true
			}
		}
	}
	return false
}

func (s *Site) mayLook(r *http.Request) func(string) bool {
	a := door.Of(r).Account
	return func(kiosk string) bool { return a.May(door.Look, kiosk) }
}

// kioskOf is the kiosk that a Bundle's id names.
func kioskOf(id string) (string, bool) {
	if len(id) < 38 {
		return "", false
	}
	kiosk := id[:len(id)-37]
	_, ok := wire.EntryID(kiosk, id)
	return kiosk, ok && wire.CheckKiosk(kiosk) == nil
}

// figure is a reading's number as people write it, isolated from the direction around it; empty when there is none.
func figure(r chart.Row) template.HTML {
	text := ""
	switch f := r.Figures; {
	case r.Kind == "bp":
		text = orDashes(f, "systolic") + "/" + orDashes(f, "diastolic")
		if m, ok := f["mean"]; ok {
			text += " (" + string(m.Value) + ")"
		}
		if len(f) == 0 {
			return ""
		}
		text += " mmHg"
	case len(f) == 0 || f[""].Value == "":
		return ""
	default:
		text = string(f[""].Value) + " " + units[f[""].Unit]
		if pi, ok := f["pi"]; ok {
			text += " · PI " + string(pi.Value) + " %"
		}
	}
	return template.HTML(`<bdi dir="ltr">` + template.HTMLEscapeString(text) + `</bdi>`) //nolint:gosec // escaped
}

// units are UCUM's as people write them.
var units = map[string]string{"%": "%", "/min": "/min", "Cel": "°C", "mm[Hg]": "mmHg"}

func orDashes(f fhir.Figures, name string) string {
	if v, ok := f[name]; ok {
		return string(v.Value)
	}
	return "--"
}
