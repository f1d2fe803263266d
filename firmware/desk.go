package firmware

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/power"
	"nabz/firmware/pulse"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
	"nabz/firmware/visits"
	"nabz/queue"
)

// desk is the one owner of the visit in progress. Everything that happens to a visit comes to it as an event: acts of the worker,
// samples of the devices, the time going by. What the exam wants done, it does before it answers.
type desk struct {
	queue    *queue.Queue
	visits   *visits.Store
	clock    *clock.Clock
	audit    *audit.Log
	numbers  *live.Board[live.Numbers]
	settings exam.Settings
	cuff     *cuff
	tapes    *tapes
	power    *live.Board[power.State]
	sealing  *sealing // nil: the plain mode
	log      *slog.Logger

	asks   chan ask       // acts of the worker; each waits for its answer
	stream chan arrival   // samples of streaming devices; dropped when the desk is busy
	events chan exam.What // what must not be dropped: results, devices lost

	view live.Board[*exam.View] // of the visit in progress, nil when there is none
	who  live.Board[whose]      // of the visit that was in view last

	// owned by Run
	visit   *exam.Visit
	unsaved []pending
	ended   int                // visits
	full    live.Board[string] // why readings are not being saved, or empty
}

// ask is one act and where its answer goes. With a nil What it opens a visit.
type ask struct {
	visit  string
	what   exam.What
	answer chan<- answer
}

type answer struct {
	view exam.View
	err  error
}

type arrival struct {
	sample vitals.Sample
	device reading.DeviceRef
}

// tick is how often the time going by is an event.
const tick = 250 * time.Millisecond

func (d *desk) String() string { return "desk" }

// Run owns the visit until ctx ends.
func (d *desk) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		pulse.Beat(ctx)
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case a := <-d.asks:
			err = d.answer(ctx, a)
		case s := <-d.stream:
			err = d.step(ctx, exam.Arrived{Sample: s.sample, Device: s.device})
		case w := <-d.events:
			d.catchUp(w)
			err = d.step(ctx, w)
		case <-ticker.C:
			err = d.passTime(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// catchUp drops the samples that came before a device was lost: one of them would be taken for a sign of life.
func (d *desk) catchUp(w exam.What) {
	_, lost := w.(exam.DeviceLost)
	for lost {
		select {
		case <-d.stream:
		default:
			return
		}
	}
}

// resume takes up the visit that a restart interrupted. Readings that it holds are put again: the queue ignores the ones it has.
func (d *desk) resume(ctx context.Context) error {
	if err := d.mend(ctx); err != nil {
		return err
	}
	saved, err := d.visits.Current()
	if err != nil || saved == nil {
		return err
	}
	if d.visit, err = exam.Resume(saved); err != nil {
		return fmt.Errorf("resume visit: %w", err)
	}
	if err := d.putAll(ctx, d.visit); err != nil {
		return err
	}
	d.publish()
	d.log.Info("visit resumed", "visit", d.visit.View().ID, "step", d.visit.View().Step)
	return nil
}

func (d *desk) passTime(ctx context.Context) error {
	if err := d.putUnsaved(ctx); err != nil {
		return err
	}
	err := d.step(ctx, exam.Tick{})
	d.publish()
	return err
}

// answer does one act. Refusals go to the worker; only what stops the kiosk is returned.
func (d *desk) answer(ctx context.Context, a ask) error {
	if opens, ok := a.what.(exam.Identify); ok && a.visit == "" {
		return d.open(ctx, opens, a.answer)
	}
	if afterwards(a.what) {
		return d.amend(ctx, a)
	}
	if d.visit == nil || d.visit.View().ID != a.visit {
		a.answer <- answer{err: screen.ErrStale}
		return nil
	}
	if _, inflates := a.what.(exam.StartCuff); inflates {
		if p, _ := d.power.Get(); p.Low {
			a.answer <- answer{err: screen.ErrLow}
			return nil
		}
	}
	view, err := d.act(ctx, a.what)
	a.answer <- answer{view: view, err: err}
	return err
}

func (d *desk) open(ctx context.Context, opens exam.Identify, reply chan<- answer) error {
	if d.visit != nil {
		reply <- answer{err: screen.ErrBusy}
		return nil
	}
	if p, _ := d.power.Get(); p.Low {
		reply <- answer{err: screen.ErrLow}
		return nil
	}
	if d.queue.Stats().Full >= 1 {
		reply <- answer{err: screen.ErrFull}
		return nil
	}
	var err error
	if opens.Patient, err = opens.Patient.Normal(); err == nil {
		err = reading.CheckOperator(opens.Operator)
	}
	if err != nil {
		reply <- answer{err: fmt.Errorf("%w: %w", screen.ErrInput, err)}
		return nil
	}
	d.visit = exam.New(newID(), d.settings)
	view, err := d.act(ctx, opens)
	d.note(audit.Entry{Who: opens.Operator, Did: audit.Open, What: view.ID, OK: true})
	reply <- answer{view: view, err: err}
	return err
}

// act steps the visit and returns what a screen then shows.
func (d *desk) act(ctx context.Context, w exam.What) (exam.View, error) {
	visit := d.visit
	err := d.step(ctx, w)
	if _, breath := w.(exam.Breath); breath {
		d.publish() // nothing else shows that it was counted
	}
	return visit.View(), err
}

func (d *desk) step(ctx context.Context, w exam.What) error {
	if d.visit == nil {
		return nil
	}
	effects := d.visit.Step(exam.Event{At: d.clock.Now(), ID: newID(), What: w})
	if len(effects) == 0 {
		return nil
	}
	return d.carryOut(ctx, effects)
}

// publish shows the visit as it is now.
func (d *desk) publish() {
	if d.visit == nil {
		d.view.Set(nil)
		return
	}
	v := d.visit.View()
	d.who.Set(whose{v.ID, d.visit.Patient()})
	d.view.Set(&v)
}

// whose is a visit and its patient.
type whose struct {
	visit   string
	patient reading.PatientRef
}

// arrive takes a sample of a streaming device. It never waits.
func (d *desk) arrive(s vitals.Sample, from reading.DeviceRef) {
	d.numbers.Update(func(n live.Numbers) live.Numbers { return n.With(s, time.Now()) })
	select {
	case d.stream <- arrival{s, from}:
	default:
	}
}

// tell hands over what must not be dropped.
func (d *desk) tell(ctx context.Context, w exam.What) {
	select {
	case d.events <- w:
	case <-ctx.Done():
	}
}

// newID is a UUIDv7: unique, and ordered by the wall clock only for people's convenience.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
