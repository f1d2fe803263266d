package wire

import (
	"encoding/json"
	"errors"
)

// Tally is how a kiosk's accounts stand: an event on up/evt, after each connection and when it has changed. The numbers count from when the store
// began, so they do not hang on any clock. A kiosk that lost nothing has Saved = Recorded + Waiting + Parked.
type Tally struct {
	Event      string `json:"event"` // EventTally
	Store      string `json:"store"` // the kiosk's store: another card, another name, and all begins with zero
	Saved      int    `json:"saved"` // entries, retractions too
	Recorded   int    `json:"recorded"`
	Waiting    int    `json:"waiting"`
	Parked     int    `json:"parked"`
	Superseded int    `json:"superseded"` // readings that a later one replaced
	Retracted  int    `json:"retracted"`  // retractions among the saved
	Held       []Held `json:"held,omitempty"`
}

// Held is a parked entry, the newest MostHeld of them.
type Held struct {
	ID  string `json:"id"`  // of its Bundle
	Why string `json:"why"` // for people; no patient
	Put int64  `json:"put"` // Unix seconds by the kiosk's clock
}

// EventTally is Tally.Event.
const EventTally = "tally"

const (
	// MostHeld is how many parked entries a tally names.
	MostHeld = 20
	// MostWhy is how many bytes of a reason it has.
	MostWhy = 200
)

// EventOf is what kind of event a message on up/evt is; empty when it is none.
func EventOf(b []byte) string {
	var e struct {
		Event string `json:"event"`
	}
	if json.Unmarshal(b, &e) != nil {
		return ""
	}
	return e.Event
}

// ParseTally reads one. It refuses what cannot be counted.
func ParseTally(b []byte) (Tally, error) {
	var t Tally
	if json.Unmarshal(b, &t) != nil || t.Event != EventTally {
		return Tally{}, errors.New("tally: not one")
	}
	if t.Store == "" || min(t.Saved, t.Recorded, t.Waiting, t.Parked, t.Superseded, t.Retracted) < 0 || len(t.Held) > MostHeld {
		return Tally{}, errors.New("tally: its numbers are none")
	}
	return t, nil
}
