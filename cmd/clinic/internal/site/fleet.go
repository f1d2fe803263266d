package site

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"nabz/cmd/clinic/internal/door"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/cmd/clinic/internal/ward"
	"nabz/firmware/wire"
)

// Pakistan is the time that the pages show, and where a day begins; it has no summer time.
var Pakistan = time.FixedZone("PKT", 5*60*60)

// unit is a kiosk as whoever runs the fleet sees it.
type unit struct {
	ward.Standing
	Told     bool // it has told its accounts
	Account  ledger.Account
	Days     []books
	Releases map[string]ledger.Errand // of parked entries, by the Bundle's id
}

// trouble is what somebody has to see to.
type trouble struct{ Key, Detail string }

// oldBacklog is how long an entry may wait before somebody has to look at the link.
const oldBacklog = 24 * time.Hour

// Troubles are what is wrong with a kiosk, what could lose something first.
func (u unit) Troubles(now time.Time) (all []trouble) {
	add := func(wrong bool, key, detail string) {
		if wrong {
			all = append(all, trouble{key, detail})
		}
	}
	if len(u.Days) > 0 {
		add(!u.Days[0].AddsUp(), "books.off", u.Days[0].Day.Day)
	}
	add(u.Card != "", "fleet.card."+u.Card, "")
	add(u.Storage != "", "fleet.room."+u.Storage, "")
	add(u.Parked > 0, "parked", strconv.Itoa(u.Parked))
	add(u.St != wire.Online, "offline", u.Since.In(Pakistan).Format("2 Jan 15:04"))
	add(u.Oldest > 0 && now.Sub(time.Unix(u.Oldest, 0)) > oldBacklog, "waiting", hours(now, u.Oldest))
	add(u.Missing != "", "fleet.missing", u.Missing)
	add(u.Ends > 0, "fleet.certificate", time.Unix(u.Ends, 0).In(Pakistan).Format(time.DateOnly))
	add(u.Refused > 0, "fleet.refused", strconv.FormatUint(u.Refused, 10))
	add(u.Power == "battery", "fleet.power.battery", "")
	add(u.Clock == "none", "fleet.clock.none", "")
	return all
}

// books is one day of a kiosk's accounts.
type books struct {
	ledger.Day
	Saved, Recorded, Clinic, Superseded, Retracted int // on that day
}

// releaseFor is how long a release may wait for a kiosk that is not there.
const releaseFor = 24 * time.Hour

// fleet is what a supervisor sees. Nobody else learns how many kiosks there are.
func (s *Site) fleet(w http.ResponseWriter, r *http.Request) {
	kiosks := s.standings(r, door.Supervise)
	e := door.Event{Who: door.Of(r).Account.Name, Did: string(door.Supervise), OK: kiosks != nil}
	if !e.OK {
		e.Why = "no right"
	}
	err := s.Guard.Tell(e)
	if !e.OK {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, "the audit cannot be written: tell who runs this", http.StatusServiceUnavailable)
		return
	}
	var units []unit
	for _, k := range kiosks {
		u, err := s.unit(r.Context(), k)
		if err != nil {
			s.Log.Error("the books cannot be read", "why", err)
			http.Error(w, "the books cannot be read: tell who runs this", http.StatusServiceUnavailable)
			return
		}
		units = append(units, u)
	}
	s.show(w, r, "fleet.gohtml", shown{Units: units, Now: time.Now()})
}

func (s *Site) unit(ctx context.Context, k ward.Standing) (u unit, err error) {
	u = unit{Standing: k, Releases: map[string]ledger.Errand{}}
	b, err := s.Book.Unit(ctx, k.Kiosk)
	u.Told, u.Account = b.Told, b.Account
	for _, d := range b.Days {
		u.Days = append(u.Days, booksOf(d))
	}
	for _, e := range b.Errands { // the newest is the first
		if _, known := u.Releases[e.Command.Of]; !known && e.Command.Kind == wire.CommandRelease {
			u.Releases[e.Command.Of] = e
		}
	}
	return u, err
}

func booksOf(d ledger.Day) books {
	return books{
		Day:        d,
		Saved:      d.Of(func(c ledger.Counted) int { return c.Saved }),
		Recorded:   d.Of(func(c ledger.Counted) int { return c.Recorded }),
		Clinic:     d.Of(func(c ledger.Counted) int { return c.Clinic }),
		Superseded: d.Of(func(c ledger.Counted) int { return c.Superseded }),
		Retracted:  d.Of(func(c ledger.Counted) int { return c.Retracted }),
	}
}

// release lets a kiosk send a parked entry again.
func (s *Site) release(w http.ResponseWriter, r *http.Request) {
	kiosk, id := r.PathValue("name"), r.PostFormValue("id")
	if of, ok := kioskOf(id); !ok || of != kiosk {
		http.Error(w, "an entry of another kiosk", http.StatusBadRequest)
		return
	}
	if !s.Guard.AllowTo(w, r, door.Supervise, door.Event{Did: "release", Kiosk: kiosk, Of: []string{id}}) {
		return
	}
	c := wire.Command{Kind: wire.CommandRelease, Of: id, By: door.Of(r).Account.Name, TTL: int(releaseFor / time.Second)}
	if err := s.Book.Ask(r.Context(), kiosk, c); err != nil {
		s.Log.Error("a release cannot be kept", "why", err)
		http.Error(w, "not sent", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, "/fleet", http.StatusSeeOther)
}

// hours is how long ago the Unix second was, as a table shows it: 7 min, 5 h, 3 d.
func hours(now time.Time, second int64) string {
	switch d := now.Sub(time.Unix(second, 0)); {
	case d < 0:
		return "?" // one of the clocks is wrong
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	default:
		return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
	}
}
