package firmware

import (
	"context"
	"errors"
	"sync"

	"nabz/firmware/audit"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/requests"
	"nabz/firmware/screen"
	"nabz/firmware/wire"
	"nabz/queue"
)

// requested is what clinics ask of the people here, and of the box.
type requested struct {
	*requests.Book
	k *Kiosk

	mu  sync.Mutex
	who map[string]screen.Request // as it was found out, by id
}

// Take implements uplink.Requests.
func (r *requested) Take(ctx context.Context, c wire.Command) (wire.Result, error) {
	if c.Kind == wire.CommandRelease {
		return r.release(ctx, c)
	}
	result, err := r.Book.Take(c)
	if err == nil && result.Status == wire.ResultKept {
		r.k.log.Info("a doctor asks for something", "kind", c.Kind, "request", c.ID)
	}
	return result, err
}

// release lets a parked entry be sent again, as the technician's button does.
func (r *requested) release(ctx context.Context, c wire.Command) (wire.Result, error) {
	refused := func(why string) (wire.Result, error) {
		return wire.Result{ID: c.ID, Status: wire.ResultRefused, Why: why}, nil
	}
	entry, ours := wire.EntryID(r.k.cfg.Name, c.Of)
	if !ours {
		return refused("the entry is none of this kiosk")
	}
	it, state, err := r.k.queue.Find(entry)
	switch {
	case errors.Is(err, queue.ErrUnknown):
		return refused("this kiosk does not know the entry")
	case err != nil:
		return wire.Result{}, err
	case state == queue.Parked:
		if err := errors.Join(r.k.queue.Release(ctx, it.Seq), r.k.visits.Park(entry, "")); err != nil {
			return wire.Result{}, err
		}
		if err := r.k.audit.Note(audit.Entry{Who: "clinic", Did: audit.Released, What: entry, OK: true}); err != nil {
			r.k.log.Error("the audit was not written", "why", err)
		}
	}
	return wire.Result{ID: c.ID, Status: wire.ResultDone}, nil // it is on its way, or there already
}

// list is what waits for somebody.
func (r *requested) list() (all []screen.Request) {
	waiting := r.Waiting()
	if len(waiting) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := map[string]screen.Request{}
	for _, q := range waiting {
		one, ok := r.who[q.ID]
		if !ok {
			one = r.find(q)
		}
		known[q.ID] = one
		all = append(all, one)
	}
	r.who = known
	return all
}

// find looks up whom a request is about. What is not kept any more stays unknown: the doctor's words stand without a patient then.
func (r *requested) find(q requests.Request) screen.Request {
	s := screen.Request{ID: q.ID, Kind: q.Kind, Step: q.Step, Text: q.Text, By: q.By, Came: backend{r.k}.known(q.First), Visit: q.Of}
	if entry, ours := wire.EntryID(r.k.cfg.Name, q.Of); ours {
		s.Visit, _ = r.k.visits.VisitOf(entry)
	}
	s.Patient = r.patient(s.Visit)
	return s
}

func (r *requested) patient(visit string) reading.PatientRef {
	saved, err := r.k.visits.Visit(visit)
	if err != nil || saved == nil {
		return reading.PatientRef{}
	}
	v, err := exam.Resume(saved)
	if err != nil {
		return reading.PatientRef{}
	}
	return v.Patient()
}

// RequestShown implements screen.Backend.
func (b backend) RequestShown(id string) error { return b.k.requested.Shown(id) }

// RequestDone implements screen.Backend.
func (b backend) RequestDone(id, operator string) error {
	if err := b.k.requested.Done(id, operator); err != nil {
		return err
	}
	return b.Note(audit.Entry{Who: operator, Did: audit.Answered, What: id, OK: true})
}
