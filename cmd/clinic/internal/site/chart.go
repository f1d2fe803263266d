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

// reading is the patient whose Bundle that is.
func (s *Site) reading(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	kiosk, ok := kioskOf(id)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if !s.Guard.AllowTo(w, r, door.Look, door.Event{Did: string(door.Look), Kiosk: kiosk, Of: []string{id}}) {
		return
	}
	c, err := s.Book.Open(r.Context(), id)
	if errors.Is(err, chart.ErrUnknown) {
		http.NotFound(w, r)
		return
	}
	s.chart(w, r, "reading.gohtml", charted{Chart: c, Kiosk: kiosk, Of: id}, err)
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

// opened takes which Bundles a doctor has had before her eyes.
func (s *Site) opened(w http.ResponseWriter, r *http.Request) {
	kiosk := r.PathValue("name")
	ids := r.PostForm["id"] // the door has parsed it
	if len(ids) == 0 || len(ids) > 500 {
		http.Error(w, "no readings", http.StatusBadRequest)
		return
	}
	for _, id := range ids {
		if of, ok := kioskOf(id); !ok || of != kiosk {
			http.Error(w, "a reading of another kiosk", http.StatusBadRequest)
			return
		}
	}
	if !s.Guard.AllowTo(w, r, door.Look, door.Event{Did: "open", Kiosk: kiosk, Of: ids}) {
		return
	}
	if err := s.Book.Opened(r.Context(), kiosk, ids, door.Of(r).Account.Name); err != nil {
		s.Log.Error("what was opened cannot be noted", "why", err)
		http.Error(w, "not noted", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ask takes what a doctor asks of a kiosk's people.
func (s *Site) ask(w http.ResponseWriter, r *http.Request) {
	kiosk := r.PathValue("name")
	c, err := asked(r)
	if err != nil {
		http.Error(w, word(language(w, r), "ask.bad"), http.StatusBadRequest)
		return
	}
	if !s.Guard.AllowTo(w, r, door.Look, door.Event{Did: "ask", Kiosk: kiosk, Of: about(c)}) {
		return
	}
	c.By = door.Of(r).Account.Name
	if err := s.Book.Ask(r.Context(), kiosk, c); err != nil {
		s.Log.Error("what a doctor asks cannot be kept", "why", err)
		http.Error(w, "not sent", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func about(c wire.Command) []string {
	if _, ok := kioskOf(c.Of); !ok {
		return nil
	}
	return []string{c.Of}
}

// waits are for how long something may be asked.
var waits = map[string]int{"30": 30 * 60, "60": 60 * 60, "240": 4 * 60 * 60, "720": 12 * 60 * 60}

// asked reads the form.
func asked(r *http.Request) (wire.Command, error) {
	kind, step, _ := strings.Cut(r.PostFormValue("do"), ":")
	c := wire.Command{ID: "form", Kind: kind, Step: step, TTL: waits[r.PostFormValue("wait")], Of: r.PostFormValue("of")}
	if kind == wire.CommandMessage || kind == wire.CommandCall {
		c.Text = strings.Join(strings.Fields(r.PostFormValue("text")), " ")
	}
	if kind != wire.CommandRepeat && kind != wire.CommandMessage && kind != wire.CommandCall {
		return c, errors.New("no kind of request")
	}
	return c, c.Check()
}

// answers is what became of what was asked, as a part of a page.
func (s *Site) answers(w http.ResponseWriter, r *http.Request) {
	kiosk, of := r.PathValue("name"), r.URL.Query().Get("of")
	if !door.Of(r).Account.May(door.Look, kiosk) {
		http.NotFound(w, r)
		return
	}
	u, err := s.Book.Unit(r.Context(), kiosk)
	if err != nil {
		s.Log.Error("what was asked cannot be read", "why", err)
		http.Error(w, "not read", http.StatusServiceUnavailable)
		return
	}
	s.show(w, r, "answers.gohtml", shown{Kiosk: kiosk, Chart: charted{Asked: askedOf(u, func(id string) bool { return id == of })}, Now: time.Now()})
}

// askedOf is what was asked of a unit's people about something.
func askedOf(u chart.Unit, about func(of string) bool) (all []ledger.Errand) {
	for _, e := range u.Errands {
		if e.Command.Kind != wire.CommandRelease && about(e.Command.Of) {
			all = append(all, e)
		}
	}
	return all
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
