package firmware

import (
	"context"
	"errors"
	"fmt"

	"nabz/firmware/audit"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
)

// afterwards says that an act is on a visit that is over.
func afterwards(w exam.What) bool {
	switch w.(type) {
	case exam.Withdraw, exam.Correct:
		return true
	}
	return false
}

// amend steps a visit that is over. Its state is written first, with a mark that its entries are not put; the mark goes when the queue has them.
func (d *desk) amend(ctx context.Context, a ask) error {
	visit, err := d.over(a.visit)
	if err != nil {
		a.answer <- answer{err: err} // only the asker's affair
		return nil
	}
	effects := visit.Step(exam.Event{At: d.clock.Now(), ID: newID(), What: a.what})
	if len(effects) > 0 {
		err = d.keepAmended(ctx, visit, effects)
	}
	a.answer <- answer{view: visit.View(), err: err}
	return err
}

// over takes up a visit that is over. Whatever is wrong is the asker's to hear.
func (d *desk) over(id string) (*exam.Visit, error) {
	saved, err := d.visits.Visit(id)
	if err != nil {
		return nil, err
	}
	if saved == nil || d.visit != nil && d.visit.View().ID == id {
		return nil, screen.ErrStale
	}
	return exam.Resume(saved)
}

func (d *desk) keepAmended(ctx context.Context, visit *exam.Visit, effects []exam.Effect) error {
	saved, err := visit.Save()
	if err != nil {
		return err
	}
	if err := d.visits.Amend(visit.View().ID, saved, begun(effects, nil)...); err != nil {
		return err
	}
	d.noteActs(visit, effects)
	for _, e := range effects {
		if a, ok := e.(exam.Accept); ok && a.Reading.Supersedes != "" {
			if err := d.visits.Supersede(a.Reading.Supersedes, a.Reading.ID); err != nil {
				return err
			}
		}
	}
	return errors.Join(d.putAll(ctx, visit), d.settle())
}

// putAll puts every entry of a visit into the queue, which ignores what it has.
func (d *desk) putAll(ctx context.Context, visit *exam.Visit) error {
	for _, e := range visit.Entries() {
		if err := d.save(ctx, e, visit.Urgent(e.ID())); err != nil {
			return err
		}
	}
	return nil
}

// settle forgets the marks of what is not put, once the queue has everything.
func (d *desk) settle() error {
	if len(d.unsaved) > 0 {
		return nil // tried again at every tick, and after a restart
	}
	return d.visits.AllPut()
}

// mend makes good what a crash kept from the queue of visits that are over.
func (d *desk) mend(ctx context.Context) error {
	ids, err := d.visits.Unput()
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		visit, err := d.over(id)
		if errors.Is(err, screen.ErrStale) {
			continue // forgotten since, so everything of it is recorded
		}
		if err != nil {
			return fmt.Errorf("mend visit %s: %w", id, err)
		}
		if err := d.putAll(ctx, visit); err != nil {
			return err
		}
	}
	return d.settle()
}

// note writes acts into the audit. A card that takes no more of them does not stop a measurement.
func (d *desk) note(acts ...audit.Entry) {
	if err := d.audit.Note(acts...); err != nil {
		d.log.Error("the audit was not written", "why", err)
	}
}

// noteActs notes what was accepted and withdrawn.
func (d *desk) noteActs(visit *exam.Visit, effects []exam.Effect) {
	var acts []audit.Entry
	for _, e := range effects {
		switch e := e.(type) {
		case exam.Accept:
			act := audit.Entry{Who: e.Reading.Operator, Did: audit.Stored, What: e.Reading.ID, OK: true}
			switch {
			case e.Reading.Method != reading.ByHand:
			case e.Reading.Supersedes != "":
				act.Did = audit.Corrected
			default:
				act.Did = audit.Typed
			}
			acts = append(acts, act)
		case exam.Retract:
			acts = append(acts, audit.Entry{Who: e.Operator, Did: audit.Withdrawn, What: e.ID, OK: true})
		}
	}
	d.note(acts...)
}
