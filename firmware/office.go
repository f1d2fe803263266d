package firmware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/upkeep"
	"nabz/firmware/visits"
	"nabz/firmware/whole"
	"nabz/firmware/workers"
)

// What a screen looks back at, and what the technician does.

// mostPast is how many visits a day's list has at most.
const mostPast = 200

// undatedPast is how many are shown when nobody knows what day it is.
const undatedPast = 40

// Past implements screen.Backend.
func (b backend) Past() ([]screen.Past, error) {
	receipts, err := b.receiptsByVisit()
	if err != nil {
		return nil, err
	}
	now := b.k.clock.Now()
	today := b.local(now)
	var all []screen.Past
	err = b.k.visits.Latest(func(id string, saved []byte) bool {
		v, err := exam.Resume(saved)
		if err != nil {
			return true // of a version that this one does not know
		}
		view, began := v.View(), b.known(v.Began())
		if view.Step != exam.StepDone && view.Step != exam.StepCancelled {
			return true
		}
		if now.Source != clock.None && !began.IsZero() && dayOf(began) < dayOf(today) {
			return false
		}
		if len(view.Readings) > 0 {
			p := screen.Past{ID: id, Patient: v.Patient(), Operator: v.Operator(), Began: began, View: view}
			p.Reached, p.Parked = reached(receipts[id])
			all = append(all, p)
		}
		return len(all) < mostPast && (now.Source != clock.None || len(all) < undatedPast)
	})
	return all, err
}

func dayOf(t time.Time) string { return t.Format(time.DateOnly) }

func (b backend) local(s clock.Stamp) time.Time { return b.k.clock.Resolve(s).Time.In(b.k.cfg.Zone) }

// known is when that was, as a screen shows it; zero when the clock of its boot was never set: the present time is not a guess at it.
func (b backend) known(s clock.Stamp) time.Time {
	if i := b.k.clock.Resolve(s); s != (clock.Stamp{}) && i.Synchronised() {
		return i.Time.In(b.k.cfg.Zone)
	}
	return time.Time{}
}

func (b backend) receiptsByVisit() (map[string][]visits.Receipt, error) {
	all, err := b.k.visits.Receipts("")
	by := map[string][]visits.Receipt{}
	for _, r := range all {
		by[r.Visit] = append(by[r.Visit], r)
	}
	return by, err
}

// reached is the step that every receipt has come to, and whether one is parked.
func reached(all []visits.Receipt) (least int, parked bool) {
	least = 4
	for _, r := range all {
		n := 0
		for i, step := range []visits.Step{visits.Saved, visits.Sent, visits.Recorded, visits.Seen} {
			if _, ok := r.Steps[step]; ok {
				n = i + 1
			}
		}
		least, parked = min(least, n), parked || r.Parked != ""
	}
	if len(all) == 0 {
		least = 0
	}
	return least, parked
}

// Amend implements screen.Backend.
func (b backend) Amend(ctx context.Context, visit string, w exam.What) error {
	_, err := b.ask(ctx, visit, w)
	return err
}

// Find implements screen.Backend.
func (b backend) Find(p reading.PatientRef) (found reading.PatientRef, ok bool, err error) {
	err = b.k.visits.Latest(func(_ string, saved []byte) bool {
		v, err := exam.Resume(saved)
		if err == nil && v.Patient().Type == p.Type && v.Patient().Value == p.Value {
			found, ok = v.Patient(), true
		}
		return !ok
	})
	return found, ok, err
}

// Workers implements screen.Backend.
func (b backend) Workers() *workers.Register { return b.k.workers }

// Note implements screen.Backend.
func (b backend) Note(acts ...audit.Entry) error { return b.k.audit.Note(acts...) }

// Audit implements screen.Backend.
func (b backend) Audit(w io.Writer) error {
	_, err := b.k.audit.WriteTo(w)
	return err
}

// takeAlong is what a technician takes: ids, counts and errors, and never a patient or a value.
type takeAlong struct {
	Kiosk    string           `json:"kiosk"`
	Version  string           `json:"version"`
	At       time.Time        `json:"at"`
	Devices  []live.Device    `json:"devices"`
	Link     screen.Link      `json:"link"`
	Queue    screen.Queue     `json:"queue"`
	Clock    screen.Clock     `json:"clock"`
	Parked   []screen.Item    `json:"parked"`
	Receipts []screen.Receipt `json:"receipts"`
	Audit    []audit.Entry    `json:"audit"`
	Broken   string           `json:"auditBroken,omitempty"` // where the chain does not hold
	Power    screen.Power     `json:"power"`
	Trouble  screen.Trouble   `json:"trouble,omitzero"`
	Runs     []upkeep.Run     `json:"runs"` // how the kiosk ran and ended
}

// TakeAlong implements screen.Backend.
func (b backend) TakeAlong() ([]byte, error) {
	s, err := b.State()
	if err != nil {
		return nil, err
	}
	parked, err := b.Items("parked", 1000)
	if err != nil {
		return nil, err
	}
	t := takeAlong{
		Kiosk: s.Kiosk, Version: s.Version, At: b.local(b.k.clock.Now()), Devices: s.Devices, Link: s.Link, Queue: s.Queue, Clock: s.Clock,
		Parked: parked, Receipts: s.Receipts, Power: s.Power, Trouble: s.Trouble, Runs: b.k.history.Runs(),
	}
	if t.Audit, err = b.acts(); err != nil {
		t.Broken = err.Error()
	}
	raw, err := json.MarshalIndent(t, "", " ")
	return append(raw, '\n'), err
}

// Export implements screen.Backend: one JSON file in the folder that kiosk.toml names, written whole or not at all.
func (b backend) Export() (string, error) {
	raw, err := b.TakeAlong()
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.k.cfg.Export, fmt.Sprintf("nabz-%s-%s.json", b.k.cfg.Name, b.local(b.k.clock.Now()).Format("20060102-150405")))
	if err := whole.Write(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("export: %w: plug a stick in, or name another folder as staff.export", err)
	}
	return path, nil
}

// acts are the entries of the audit.
func (b backend) acts() (all []audit.Entry, err error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(b.Audit(w)) }()
	err = audit.Read(r, func(e audit.Entry) { all = append(all, e) })
	return all, errors.Join(err, r.Close())
}
