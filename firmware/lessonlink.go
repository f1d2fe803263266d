package firmware

import (
	"context"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/uplink"
	"nabz/firmware/visits"
	"nabz/queue"
)

// lessonLink is a lesson's way to the clinic: the practice root when the practice has credentials of its own, and otherwise a clinic that is played.
func (k *Kiosk) lessonLink(name string) Task {
	if k.cfg.Broker.URL == "" || name == "no-link" {
		return &played{Kiosk: k, late: name == "no-link"}
	}
	o := k.uplinkOpts()
	o.Broker.ClientID += "-practice" // beside the kiosk's own connection
	return uplink.New(o)
}

// played is a clinic that takes everything a second later. With late there is no link until the visit is over, and a little longer.
type played struct {
	*Kiosk
	late bool
}

func (p *played) String() string { return "played clinic" }

// answer is how long the played clinic takes; outage is how long the link stays away after the visit.
const (
	answersIn = time.Second
	outage    = 8 * time.Second
)

// Run implements Task.
func (p *played) Run(ctx context.Context) error {
	p.link.Set(uplink.Link{Since: time.Now()})
	if p.late && !p.waitForTheEnd(ctx) {
		return ctx.Err()
	}
	p.link.Set(uplink.Link{Broker: true, Clinic: true, Since: time.Now()})
	for {
		for _, lane := range []queue.Lane{queue.Urgent, queue.Routine} {
			if err := p.take(ctx, lane); err != nil {
				return err
			}
		}
		if !pause(ctx, answersIn) {
			return ctx.Err()
		}
	}
}

// waitForTheEnd waits until a visit has been opened and is over, and for the outage.
func (p *played) waitForTheEnd(ctx context.Context) bool {
	opened := false
	for {
		view, _ := p.desk.view.Get()
		if opened && view == nil {
			return pause(ctx, outage)
		}
		opened = opened || view != nil && view.Step != exam.StepPatient
		if !pause(ctx, tick) {
			return false
		}
	}
}

// take records what waits in a lane.
func (p *played) take(ctx context.Context, lane queue.Lane) error {
	soon, cancel := context.WithTimeout(ctx, tick)
	defer cancel()
	items, err := p.queue.Next(soon, lane, 10)
	if err != nil {
		return ctx.Err() // nothing waits
	}
	for _, it := range items {
		for _, step := range []visits.Step{visits.Sent, visits.Recorded} {
			if err := p.visits.Reach(it.ID, step, p.clock.Now()); err != nil {
				return err
			}
		}
		if err := p.queue.Ack(ctx, it.Seq); err != nil {
			return err
		}
	}
	return nil
}
