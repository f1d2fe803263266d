package firmware

import (
	"context"
	"errors"
	"slices"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/tape"
	"nabz/firmware/visits"
	"nabz/queue"
)

// carryOut does what the exam wants done, in the order that survives a crash: first the visit's state with the readings in it, then each
// reading into the queue, then the cuff, then the screen. A crash in between is made good by resume.
func (d *desk) carryOut(ctx context.Context, effects []exam.Effect) error {
	if slices.Contains(effects, exam.Effect(exam.Show{})) { // the rest says and shows things, and changes nothing durable
		if err := d.keep(effects, d.attest(effects)); err != nil {
			return err
		}
	}
	for _, e := range effects {
		if err := d.do(ctx, e); err != nil {
			return err
		}
	}
	d.publish()
	if d.visit == nil {
		return d.settle() // the event that ended the visit may have begun something
	}
	return nil
}

// attest gives each reading of a device the hash of what came over its line meanwhile, and returns that, by reading.
func (d *desk) attest(effects []exam.Effect) map[string][]byte {
	evidence := map[string][]byte{}
	for i, e := range effects {
		a, ok := e.(exam.Accept)
		if !ok || a.Reading.Method != reading.ByDevice || a.Reading.DerivedFrom != nil {
			continue
		}
		ago := max(0, a.Reading.Taken.SinceBoot-a.From)
		capture := d.tapes.since(a.Reading.Measurement.Kind(), time.Now().Add(-ago))
		if capture == nil {
			continue
		}
		a.Reading = d.visit.Attest(a.Reading.ID, tape.Sum(capture))
		effects[i], evidence[a.Reading.ID] = a, capture
	}
	return evidence
}

// keep writes the visit's state and begins the receipts of what it accepted, with the evidence.
func (d *desk) keep(effects []exam.Effect, evidence map[string][]byte) error {
	saved, err := d.visit.Save()
	if err != nil {
		return err
	}
	view := d.visit.View()
	open := view.Step != exam.StepDone && view.Step != exam.StepCancelled
	if err := d.visits.KeepVisit(view.ID, saved, open, begun(effects, evidence)...); err != nil {
		return err
	}
	d.noteActs(d.visit, effects)
	if !open {
		d.log.Info("visit ended", "visit", view.ID, "step", view.Step)
		d.note(audit.Entry{Who: d.visit.Operator(), Did: audit.Close, What: view.ID, OK: view.Step == exam.StepDone})
	}
	return nil
}

func begun(effects []exam.Effect, evidence map[string][]byte) []visits.Begun {
	var all []visits.Begun
	for _, e := range effects {
		switch e := e.(type) {
		case exam.Accept:
			all = append(all, visits.Begun{Receipt: receiptOf(reading.Entry{Reading: &e.Reading}), Evidence: evidence[e.Reading.ID]})
		case exam.Retract:
			all = append(all, visits.Begun{Receipt: receiptOf(reading.Entry{Retraction: &e.Retraction})})
		}
	}
	return all
}

func receiptOf(e reading.Entry) visits.Receipt {
	if e.Retraction != nil {
		return visits.Receipt{Entry: e.ID(), Visit: e.Retraction.Of.Visit, Kind: "retraction"}
	}
	return visits.Receipt{Entry: e.ID(), Visit: e.Reading.Visit, Kind: e.Reading.Measurement.Kind().String()}
}

func (d *desk) do(ctx context.Context, e exam.Effect) error {
	switch e := e.(type) {
	case exam.Accept:
		return d.accept(ctx, e)
	case exam.Retract:
		return d.save(ctx, reading.Entry{Retraction: &e.Retraction}, true)
	case exam.Measure:
		switch {
		case d.cuff.inflate(e.Inflation):
		case d.cuff.connected(): // the run before has not ended
			return d.step(ctx, exam.CuffFailed{})
		default:
			return d.step(ctx, exam.DeviceLost{Kind: vitals.KindBloodPressure})
		}
	case exam.Abort:
		d.cuff.deflate()
	case exam.Show, exam.Speak: // the screen polls the view; a voice comes with its pages
	}
	if s := d.visit; s != nil {
		if step := s.View().Step; step == exam.StepDone || step == exam.StepCancelled {
			return d.end()
		}
	}
	return nil
}

func (d *desk) accept(ctx context.Context, e exam.Accept) error {
	if err := d.save(ctx, reading.Entry{Reading: &e.Reading}, e.Urgent); err != nil {
		return err
	}
	if e.Reading.Supersedes == "" {
		return nil
	}
	return d.visits.Supersede(e.Reading.Supersedes, e.Reading.ID)
}

// save puts one entry into the queue. When it returns nil the entry is on stable storage and its receipt says saved, or the disk was
// full, the screen says so, and the entry is tried again at every tick.
func (d *desk) save(ctx context.Context, e reading.Entry, urgent bool) error {
	payload, err := d.sealing.payload(e)
	if err != nil {
		return err
	}
	lane := queue.Routine
	if urgent {
		lane = queue.Urgent
	}
	err = d.queue.Put(ctx, e.ID(), lane, payload)
	if errors.Is(err, queue.ErrFull) {
		d.full.Set(err.Error())
		d.unsaved = append(d.unsaved, pending{e, urgent})
		return nil
	}
	if err != nil {
		return err
	}
	return d.visits.Reach(e.ID(), visits.Saved, d.clock.Now())
}

// pending is an entry that the disk had no room for.
type pending struct {
	entry  reading.Entry
	urgent bool
}

func (d *desk) putUnsaved(ctx context.Context) error {
	if len(d.unsaved) == 0 {
		return nil
	}
	again := d.unsaved
	d.unsaved = nil
	for _, p := range again {
		if err := d.save(ctx, p.entry, p.urgent); err != nil {
			return err
		}
	}
	if len(d.unsaved) > 0 {
		return nil
	}
	d.full.Set("")
	return d.settle()
}

// keepVisits is how many visits are remembered for review; after every trimEvery visits the rest is forgotten.
const (
	keepVisits = 500
	trimEvery  = 10
)

func (d *desk) end() error {
	d.visit = nil
	d.publish()
	if d.ended++; d.ended%trimEvery != 0 {
		return nil
	}
	return d.visits.Trim(keepVisits)
}
