package site

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/wire"
)

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
	if !s.Guard.AllowTo(w, r, door.Look, door.Event{Did: "ask", Kiosk: kiosk, Of: about(c.Of)}) {
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

// about is the Bundle that something is about; none where it is a visit.
func about(of string) []string {
	if _, ok := kioskOf(of); !ok {
		return nil
	}
	return []string{of}
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
	if !s.Guard.AllowAgain(w, r, door.Look, door.Event{Did: string(door.Look), Kiosk: kiosk, Of: about(of)}) {
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
