package intake

import (
	"time"

	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// errandsEvery is how often a kiosk on line is told again what it has not confirmed, and what nobody did in time comes to its end.
const errandsEvery = 30 * time.Second

// keptEvery is how often a kiosk is reminded of what it has kept and waits for a person: only a result that got lost makes that worth its bytes.
const keptEvery = 5 * time.Minute

// run tells a kiosk its errands, if it is on line; those that it kept only when they were not heard of for so long.
func (d *desks) run(kiosk string, quiet time.Duration) {
	if _, online := d.in.online.Load(kiosk); online {
		d.put(kiosk, func() error { return d.errands(kiosk, quiet) }) // without a place it is busy, and reminded soon
	}
}

// remind goes through all kiosks that have something to confirm.
func (in *Intake) remind(d *desks) error {
	now := time.Now()
	if err := in.Ledger.Forget(now); err != nil {
		return err
	}
	kiosks, err := in.Ledger.Awaited()
	for _, kiosk := range kiosks {
		if _, online := in.online.Load(kiosk); online {
			d.run(kiosk, keptEvery)
			continue
		}
		if err := in.expire(kiosk, now); err != nil {
			return err
		}
	}
	return err
}

// expire ends what a kiosk that is not there was asked for and did not even hear of in time. What it has, it ends itself.
func (in *Intake) expire(kiosk string, now time.Time) error {
	all, err := in.Ledger.Errands(kiosk)
	for _, e := range all {
		if err == nil && lapsed(e, now) {
			_, err = in.Ledger.Settle(kiosk, wire.Result{ID: e.Command.ID, Status: wire.ResultExpired}, now)
		}
	}
	return err
}

// late is how long a result may be on its way: what a kiosk has, it ends by itself, and may say so a moment after the end.
const late = time.Minute

func lapsed(e ledger.Errand, now time.Time) bool {
	until := e.Until
	if e.Status != "" {
		until = until.Add(late)
	}
	return e.Command.Kind != "" && !e.Status.Over() && now.After(until)
}

// due says whether a kiosk is to be told an errand now: not when it has come to its end, nor what it has told of more recently than quiet ago.
func due(e ledger.Errand, now time.Time, quiet time.Duration) bool {
	switch {
	case e.Status.Over(), e.Status != "" && now.Sub(e.Heard) < quiet:
		return false
	}
	return e.Command.Kind == "" || !now.After(e.Until)
}

// errands publishes what a kiosk has not confirmed, and ends what nobody did in time.
func (d *desks) errands(kiosk string, quiet time.Duration) error {
	now := time.Now()
	all, err := d.in.Ledger.Errands(kiosk)
	for _, e := range all {
		if err != nil {
			break
		}
		switch {
		case lapsed(e, now):
			_, err = d.in.Ledger.Settle(kiosk, wire.Result{ID: e.Command.ID, Status: wire.ResultExpired}, now)
		case !due(e, now, quiet):
		case e.Command.Kind == "":
			err = d.tell(kiosk, wire.DownAck, wire.Encode(wire.Ack{ID: e.Command.ID, Status: wire.Seen, By: d.in.Name, Now: e.Made}))
		default:
			c := e.Command
			c.TTL = max(1, int(e.Until.Sub(now)/time.Second))
			if c, err = d.in.private(kiosk, c); err == nil {
				err = d.tell(kiosk, wire.DownCmd, wire.Encode(c))
			}
		}
	}
	return err
}

// result notes what a kiosk says of an errand.
func (d *desks) result(kiosk string, m broker.Message) error {
	r, err := wire.ParseResult(m.Payload)
	if err != nil {
		d.in.Log.Warn("a result was not understood", "kiosk", kiosk, "why", err)
		return nil // it comes again with the command
	}
	_, err = d.in.Ledger.Settle(kiosk, r, time.Now())
	return err
}

// event enters a tally into the books; the ward takes the others.
func (d *desks) event(kiosk string, m broker.Message) error {
	switch wire.EventOf(m.Payload) {
	case wire.EventTally:
	case wire.EventAudit:
		return d.audit(kiosk, m)
	default:
		return nil
	}
	t, err := wire.ParseTally(m.Payload)
	if err != nil {
		d.in.Log.Warn("a tally was not understood", "kiosk", kiosk, "why", err)
		return nil // the next one will do
	}
	return d.in.Ledger.Tally(kiosk, t, time.Now(), d.in.Zone)
}

// audit keeps lines of a kiosk's audit and says which comes next.
func (d *desks) audit(kiosk string, m broker.Message) error {
	a, err := wire.ParseAudit(m.Payload)
	if err != nil || d.in.Audit == nil {
		return nil // nobody keeps them, or nobody can
	}
	next, err := d.in.Audit(kiosk, a.Lines)
	if err != nil {
		d.in.Log.Error("the audit of a kiosk", "kiosk", kiosk, "why", err)
	}
	return d.tell(kiosk, wire.DownAudit, wire.Encode(wire.AuditNext{Next: next}))
}
