package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nabz/cmd/clinic/internal/ehr"
	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
)

// ErrUnknown is a Bundle that this clinic has not recorded, or recorded before it noted whose each is.
var ErrUnknown = errors.New("this clinic knows no such reading")

// Book is the record and the ledger, as doctors use them. It is safe for concurrent use.
type Book struct {
	Base   string
	Record ehr.Record
	Ledger *ledger.Ledger
	Nudge  func(kiosk string) // there is an errand for it; must return at once
}

// mostRead is how much of a patient's record is read.
const mostRead = 500

// Waiting are the patients whom nobody has looked at, at the kiosks that may allows.
func (b *Book) Waiting(may func(kiosk string) bool) ([]Person, error) {
	all, err := b.unread(func(w Waiting) bool { return may(w.Kiosk) })
	return ByNeed(all), err
}

func (b *Book) unread(want func(Waiting) bool) (all []Waiting, err error) {
	err = b.Ledger.Unread(func(id string, note []byte) error {
		var w Waiting
		if err := json.Unmarshal(note, &w); err != nil {
			return err
		}
		if w.ID = id; want(w) {
			all = append(all, w)
		}
		return nil
	})
	return all, err
}

// Open is the chart of the patient whose Bundle that is.
func (b *Book) Open(ctx context.Context, id string, may func(kiosk string) bool) (Chart, error) {
	e, found, err := b.Ledger.Find(id)
	switch {
	case err != nil:
		return Chart{}, err
	case !found || e.Patient == (fhir.Identifier{}):
		return Chart{}, ErrUnknown
	}
	return b.read(ctx, e.Patient, may)
}

// Of is the chart of a patient; an empty one of somebody who was never measured.
func (b *Book) Of(ctx context.Context, p reading.PatientRef, may func(kiosk string) bool) (Chart, error) {
	id, err := fhir.PatientID(b.Base, p)
	if err != nil {
		return Chart{}, err
	}
	c, err := b.read(ctx, id, may)
	c.Patient = p
	return c, err
}

func (b *Book) read(ctx context.Context, who fhir.Identifier, may func(kiosk string) bool) (Chart, error) {
	bundles, older, err := b.Record.History(ctx, who, mostRead)
	if err != nil {
		return Chart{}, fmt.Errorf("read a patient's record: %w", err)
	}
	c, err := Of(bundles, may)
	c.Older = older
	return c, err
}

// Opened notes durably that a doctor has looked at these Bundles, all of one kiosk, and has the kiosk told.
func (b *Book) Opened(kiosk string, ids []string, by string, now time.Time) error {
	for _, id := range ids {
		if _, own := wire.EntryID(kiosk, id); !own {
			return fmt.Errorf("a reading that is none of %s", kiosk)
		}
	}
	n, err := b.Ledger.Opened(ids, func(id string) ledger.Errand {
		return ledger.Errand{Kiosk: kiosk, Command: wire.Command{ID: id, By: by}, Made: now}
	})
	if n > 0 {
		b.Nudge(kiosk)
	}
	return err
}

// Ask keeps durably what a doctor asks of a kiosk's people, and has it sent. It says what is wrong with it, if anything.
func (b *Book) Ask(kiosk string, c wire.Command, now time.Time) error {
	c.ID = uuid.Must(uuid.NewV7()).String()
	if err := c.Check(); err != nil {
		return err
	}
	until := now.Add(time.Duration(c.TTL) * time.Second)
	if err := b.Ledger.Post(ledger.Errand{Kiosk: kiosk, Command: c, Made: now, Until: until}); err != nil {
		return err
	}
	b.Nudge(kiosk)
	return nil
}

// Asked is what was asked of a kiosk's people about any of these Bundles or, with none, all that was asked of them; newest first.
func (b *Book) Asked(kiosk string, about func(id string) bool) (all []ledger.Errand, err error) {
	errands, err := b.Ledger.Errands(kiosk)
	for i := len(errands) - 1; i >= 0; i-- {
		if e := errands[i]; e.Command.Kind != "" && about(e.Command.Of) {
			all = append(all, e)
		}
	}
	return all, err
}

// Recorded is what the ledger is to keep of a Bundle that has just been recorded, as unread: nil when it takes back what nobody has read.
func Recorded(l *ledger.Ledger, bundle []byte, came time.Time) ([]byte, error) {
	w, err := WaitingOf(bundle, came)
	if err != nil {
		return nil, nil // it is recorded; there is nothing to show of it
	}
	if w.Withdrawn {
		was, err := l.Withdrawn(w.Of)
		if err != nil || was {
			return nil, err
		}
	}
	return w.Encode(), nil
}

// Unread are the Bundles that make up what a chart shows, and that no doctor has opened, by kiosk.
func (b *Book) Unread(c Chart) (map[string][]string, error) {
	shown := map[string]bool{}
	for _, v := range c.Visits {
		for _, r := range v.Rows {
			shown[r.Entry] = true
		}
	}
	all, err := b.unread(func(w Waiting) bool { return shown[w.ID] || shown[w.Of] })
	by := map[string][]string{}
	for _, w := range all {
		by[w.Kiosk] = append(by[w.Kiosk], w.ID)
	}
	return by, err
}
