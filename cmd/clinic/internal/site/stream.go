package site

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

// event is one event of a page's stream. Times are milliseconds of the clinic's clock: the page counts from Now with a clock that does not jump, and
// never asks the browser what time it is.
type event struct {
	Now      int64          `json:"now"`
	Online   *bool          `json:"online,omitempty"` // the kiosk
	Told     int64          `json:"told,omitempty"`   // when that was told
	Session  string         `json:"session,omitempty"`
	Patient  *patient       `json:"patient,omitempty"` // whose session it is
	Numbers  *wire.Numerics `json:"numbers,omitempty"`
	Received int64          `json:"received,omitempty"`
	Frames   []strip        `json:"frames,omitempty"`
}

// patient is what two people compare: the number as it stands on the card, the sex, the year of birth.
type patient struct {
	Number string      `json:"number"`
	Sex    reading.Sex `json:"sex,omitempty"`
	Birth  string      `json:"birth,omitempty"`
}

func patientOf(p reading.PatientRef) *patient {
	n := p.Value
	if p.Type == reading.NationalNumber && len(n) == 13 {
		n = n[:5] + "-" + n[5:12] + "-" + n[12:]
	}
	return &patient{n, p.Sex, p.Birth}
}

// strip is a frame of the pulse wave.
type strip struct {
	Seq     uint16 `json:"seq"`
	Start   int64  `json:"start"`  // ms, by the kiosk's clock
	Period  int    `json:"period"` // us
	Gap     bool   `json:"gap,omitempty"`
	Samples []int  `json:"samples"`
}

// beat is how often the page hears something, whatever the kiosk does: its clock is set anew, and a session that is over ends the stream.
const beat = 2 * time.Second

func (s *Site) events(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !s.Guard.Allow(w, r, door.Look, name) {
		return
	}
	watcher := s.Hub.Watch(name, wire.ModeWave)
	defer watcher.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	for r.Context().Err() == nil && s.Guard.In(r) {
		e := next(r.Context(), watcher)
		raw, err := json.Marshal(e)
		if err != nil {
			s.Log.Error("a live event cannot be written", "why", err)
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", raw); err != nil || flush.Flush() != nil {
			return // the page is gone
		}
	}
}

// next waits for something new, or a beat.
func next(ctx context.Context, w *ward.Watcher) event {
	ctx, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	u, err := w.Next(ctx)
	e := event{Now: time.Now().UnixMilli()}
	if err != nil {
		return e
	}
	e.Session = u.Session
	if u.Patient != nil {
		e.Patient = patientOf(*u.Patient)
	}
	if u.State != nil {
		e.Online, e.Told = new(u.State.St == wire.Online), u.Told.UnixMilli()
	}
	if u.Numbers != nil {
		e.Numbers, e.Received = u.Numbers, u.Received.UnixMilli()
	}
	for _, f := range u.Frames {
		one := strip{Seq: f.Seq, Start: f.Start / 1000, Period: int(f.Period) * 10, Gap: f.Gap}
		for _, v := range f.Samples {
			one.Samples = append(one.Samples, int(v))
		}
		e.Frames = append(e.Frames, one)
	}
	return e
}
