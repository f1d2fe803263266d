package intake

import (
	"time"

	"nabz/cmd/clinic/internal/ledger"
	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// errandsEvery is how often a kiosk on line is told again what it has not confirmed, and what nobody did in time comes to its end.
const errandsEvery = 30 * time.Second

// run tells a kiosk its errands, if it is on line.
func (d *desks) run(kiosk string) {
	if _, online := d.in.online.Load(kiosk); online {
		d.put(kiosk, func() error { return d.errands(kiosk) }) // without a place it is busy, and reminded soon
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
			d.run(kiosk)
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

func lapsed(e ledger.Errand, now time.Time) bool {
	return e.Command.Kind != "" && !e.Status.Over() && now.After(e.Until)
}

// errands publishes what a kiosk has not confirmed.
func (d *desks) errands(kiosk string) error {
	now := time.Now()
	all, err := d.in.Ledger.Errands(kiosk)
	for _, e := range all {
		if err != nil {
			break
		}
		switch {
		case e.Status.Over():
		case e.Command.Kind == "":
			err = d.tell(kiosk, wire.DownAck, wire.Encode(wire.Ack{ID: e.Command.ID, Status: wire.Seen, By: d.in.Name, Now: e.Made}))
		case lapsed(e, now):
			_, err = d.in.Ledger.Settle(kiosk, wire.Result{ID: e.Command.ID, Status: wire.ResultExpired}, now)
		default:
			c := e.Command
			c.TTL = max(1, int(e.Until.Sub(now)/time.Second))
			err = d.tell(kiosk, wire.DownCmd, wire.Encode(c))
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
	if wire.EventOf(m.Payload) != wire.EventTally {
		return nil
	}
	t, err := wire.ParseTally(m.Payload)
	if err != nil {
		d.in.Log.Warn("a tally was not understood", "kiosk", kiosk, "why", err)
		return nil // the next one will do
	}
	return d.in.Ledger.Tally(kiosk, t, time.Now(), d.in.Zone)
}
