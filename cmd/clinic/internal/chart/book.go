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

// Keeper is what the pages ask of the books. Its errors beside ErrUnknown say that they cannot be read or written now.
type Keeper interface {
	// Waiting are the Bundles that nobody has opened.
	Waiting(ctx context.Context) ([]Waiting, error)
	// Open is the chart of the patient whose Bundle that is; ErrUnknown when the clinic does not know it.
	Open(ctx context.Context, id string) (Chart, error)
	// Of is the chart of a patient; an empty one of somebody who was never measured.
	Of(ctx context.Context, p reading.PatientRef) (Chart, error)
	// Opened notes durably that a doctor has looked at these Bundles, all of one kiosk, and has the kiosk told.
	Opened(ctx context.Context, kiosk string, ids []string, by string) error
	// Ask keeps durably what a doctor asks of a kiosk's people, or a supervisor of the box, and has it sent.
	Ask(ctx context.Context, kiosk string, c wire.Command) error
	// Unit is what was asked of a kiosk, and its accounts.
	Unit(ctx context.Context, kiosk string) (Unit, error)
}

// Unit is a kiosk in the books.
type Unit struct {
	Told    bool            `json:"told"` // it has told its accounts
	Account ledger.Account  `json:"account"`
	Days    []ledger.Day    `json:"days"`    // newest first
	Errands []ledger.Errand `json:"errands"` // newest first
}

// daysShown is how far a unit's accounts go back.
const daysShown = 7

// Waiting implements Keeper.
func (b *Book) Waiting(context.Context) (all []Waiting, err error) {
	err = b.Ledger.Unread(func(id string, note []byte) error {
		var w Waiting
		if err := json.Unmarshal(note, &w); err != nil {
			return err
		}
		w.ID = id
		all = append(all, w)
		return nil
	})
	return all, err
}

// Open implements Keeper.
func (b *Book) Open(ctx context.Context, id string) (Chart, error) {
	e, found, err := b.Ledger.Find(id)
	switch {
	case err != nil:
		return Chart{}, err
	case !found || e.Patient == (fhir.Identifier{}):
		return Chart{}, ErrUnknown
	}
	return b.read(ctx, e.Patient)
}

// Of implements Keeper.
func (b *Book) Of(ctx context.Context, p reading.PatientRef) (Chart, error) {
	id, err := fhir.PatientID(b.Base, p)
	if err != nil {
		return Chart{}, err
	}
	c, err := b.read(ctx, id)
	c.Patient = p
	return c, err
}

func (b *Book) read(ctx context.Context, who fhir.Identifier) (Chart, error) {
	bundles, older, err := b.Record.History(ctx, who, mostRead)
	if err != nil {
		return Chart{}, fmt.Errorf("read a patient's record: %w", err)
	}
	c, err := Of(bundles)
	c.Older = older
	return c, err
}

// Opened implements Keeper.
func (b *Book) Opened(_ context.Context, kiosk string, ids []string, by string) error {
	for _, id := range ids {
		if _, own := wire.EntryID(kiosk, id); !own {
			return fmt.Errorf("a reading that is none of %s", kiosk)
		}
	}
	now := time.Now()
	n, err := b.Ledger.Opened(ids, func(id string) ledger.Errand {
		return ledger.Errand{Kiosk: kiosk, Command: wire.Command{ID: id, By: by}, Made: now}
	})
	if n > 0 {
		b.Nudge(kiosk)
	}
	return err
}

// Ask implements Keeper.
func (b *Book) Ask(_ context.Context, kiosk string, c wire.Command) error {
	now := time.Now()
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

// Unit implements Keeper.
func (b *Book) Unit(_ context.Context, kiosk string) (u Unit, err error) {
	if u.Account, u.Told, err = b.Ledger.Account(kiosk); err != nil {
		return u, err
	}
	if u.Days, err = b.Ledger.Days(kiosk, daysShown); err != nil {
		return u, err
	}
	all, err := b.Ledger.Errands(kiosk)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Command.Kind != "" { // the others are receipts
			u.Errands = append(u.Errands, all[i])
		}
	}
	return u, err
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
