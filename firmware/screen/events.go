package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/screen/guide"
)

// frameEvery is how often the stream looks at what has changed.
const frameEvery = 100 * time.Millisecond

// againEvery is how often a page is sent its screen although it has not changed: it tells that the kiosk is alive, and mends a page that missed one.
const againEvery = 2 * time.Second

// moving is what changes while a screen stays the same.
type moving struct {
	Countdown   *int     `json:"countdown,omitempty"` // seconds
	SpO2        *int     `json:"spo2,omitempty"`
	Pulse       *int     `json:"pulse,omitempty"`
	Cuff        *int     `json:"cuff,omitempty"`
	Temperature *float64 `json:"temperature,omitempty"`
	Breaths     *int     `json:"breaths,omitempty"` // tapped so far
	Quality     *int     `json:"quality,omitempty"` // of the stable window, per cent that is full
	Wave        []int    `json:"wave,omitempty"`    // samples of the pulse wave since the last event, -1 where some are missing
	Rate        int      `json:"rate,omitempty"`    // of the wave, a second
}

// events is the one stream of a page: "screen" when it is another one, and every two seconds; "live" for what moves on it.
func (f *front) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	p := stream{front: f}
	for {
		sent, err := p.next(w, time.Now())
		if err != nil {
			return // the page is gone, or the kiosk stops
		}
		if sent {
			if err := flush.Flush(); err != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// stream is what one page has been sent.
type stream struct {
	*front
	screen []byte
	live   []byte
	wave   uint64
	shown  time.Time // when the screen was sent
	letter string    // the request that was on it
}

// next writes what is new and says whether there was anything.
func (p *stream) next(w http.ResponseWriter, now time.Time) (bool, error) {
	s, err := p.now()
	if err != nil {
		return false, err
	}
	html, err := s.render(true)
	if err != nil {
		return false, err
	}
	if !bytes.Equal(html, p.screen) || now.Sub(p.shown) >= againEvery {
		p.screen, p.shown = html, now
		quoted, err := json.Marshal(string(html))
		if err != nil {
			return false, err
		}
		return true, event(w, "screen", quoted)
	}
	if id := guide.InFront(s.view(), s.session); id != p.letter {
		p.letter = id
		if err := p.shownRequest(id); err != nil {
			p.log.Warn("a request was shown, which cannot be noted", "why", err)
		}
	}
	m := movingOf(s.State)
	m.Wave, m.Rate, p.wave = p.shownWave(p.wave)
	live, err := json.Marshal(m)
	if err != nil {
		return false, err
	}
	if bytes.Equal(live, p.live) {
		return false, nil
	}
	p.live = live
	return true, event(w, "live", live)
}

func event(w http.ResponseWriter, kind string, data []byte) error {
	_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, data)
	return err
}

// movingOf are the numbers of a state. One that is three seconds old is not shown any more: better none than a stale one.
func movingOf(s State) (m moving) {
	const old = 3
	if v := s.Visit; v != nil && v.Countdown > 0 {
		m.Countdown = new(int((v.Countdown + time.Second - 1) / time.Second))
	}
	if v := s.Visit; v != nil {
		m.Breaths, m.Quality = v.Breaths, quality(v)
	}
	if o := s.Live.Oximetry; o != nil && o.Age < old && !o.Flags.Doubted() {
		m.SpO2, m.Pulse = known(o.SpO2.Get()), known(o.Pulse.Get())
	}
	if c := s.Live.Cuff; c != nil && c.Age < old {
		m.Cuff = known(c.Pressure.Get())
	}
	if t := s.Live.Temperature; t != nil && t.Age < old {
		if milli := known(t.Value.Get()); milli != nil {
			m.Temperature = new(float64(*milli/100) / 10)
		}
	}
	return m
}

// quality is how much of the stable window is full: the ring that a worker watches.
func quality(v *exam.View) *int {
	if v.Prompt != exam.PromptHoldStill {
		return nil
	}
	return new(max(0, min(100, int(100*(exam.OximetryTime-v.Countdown)/exam.OximetryTime))))
}

func known[T ~int](n T, ok bool) *int {
	if !ok {
		return nil
	}
	return new(int(n))
}
