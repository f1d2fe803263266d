package firmware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/exam"
	"nabz/firmware/power"
	"nabz/firmware/screen"
	"nabz/firmware/visits"
	"nabz/queue"
)

// backend is the kiosk as its screen sees it.
type backend struct{ k *Kiosk }

// State implements screen.Backend.
func (b backend) State() (screen.State, error) {
	receipts, err := b.receipts()
	if err != nil {
		return screen.State{}, err
	}
	k := b.k
	visit, _ := k.desk.view.Get()
	numbers, _ := k.numbers.Get()
	devices, _ := k.devices.Get()
	link, _ := k.link.Get()
	full, _ := k.desk.full.Get()
	now := k.clock.Now()
	link.Since = link.Since.In(k.cfg.Zone)
	waiting := counts(k.queue.Stats())
	waiting.Oldest = waiting.Oldest.In(k.cfg.Zone)
	return screen.State{
		Kiosk: k.cfg.Name, Language: k.cfg.Language, Version: k.version, Practice: k.cfg.Practice, Visit: visit, Devices: devices, Receipts: receipts,
		Live: screen.LiveOf(numbers, time.Now()), Link: screen.Link(link), Queue: waiting, NotSaved: full, Requests: k.requested.list(),
		Power: k.powerNow(), Trouble: k.trouble(), Bench: k.bench(), Identity: k.standing(),
		Clock: screen.Clock{Source: string(now.Source), Uncertainty: now.Uncertainty.String()},
	}, nil
}

func (k *Kiosk) powerNow() screen.Power {
	s, _ := k.power.Get()
	v, _ := k.verdict.Get()
	p := screen.Power{Source: string(s.Source), Low: s.Low, Blind: s.Blind || s.Deaf, Leaving: v == power.Leaving || v == power.Off || v == power.Restart}
	if c, known := s.Charge.Get(); known {
		p.Charge = new(int(c))
	}
	return p
}

// Open implements screen.Backend.
func (b backend) Open(ctx context.Context, who exam.Identify) (exam.View, error) {
	return b.ask(ctx, "", who)
}

// Do implements screen.Backend.
func (b backend) Do(ctx context.Context, visit string, w exam.What) (exam.View, error) {
	return b.ask(ctx, visit, w)
}

func (b backend) ask(ctx context.Context, visit string, w exam.What) (exam.View, error) {
	reply := make(chan answer, 1)
	select {
	case b.k.desk.asks <- ask{visit: visit, what: w, answer: reply}:
	case <-ctx.Done():
		return exam.View{}, ctx.Err()
	}
	select {
	case a := <-reply:
		return a.view, a.err
	case <-ctx.Done():
		return exam.View{}, ctx.Err()
	}
}

// Evidence implements screen.Backend.
func (b backend) Evidence(entry string) ([]byte, error) {
	capture, err := b.k.visits.Evidence(entry)
	if errors.Is(err, visits.ErrNoEvidence) {
		err = fmt.Errorf("%w: %w", screen.ErrNone, err)
	}
	return capture, err
}

// Wave implements screen.Backend.
func (b backend) Wave(after uint64) ([]int, int, uint64) { return b.k.wave.Since(after) }

const sessionName = "screen"

// Remember implements screen.Backend.
func (b backend) Remember(session []byte) error { return b.k.visits.Remember(sessionName, session) }

// Remembered implements screen.Backend.
func (b backend) Remembered() ([]byte, error) { return b.k.visits.Remembered(sessionName) }

// Items implements screen.Backend.
func (b backend) Items(state string, limit int) ([]screen.Item, error) {
	items, err := b.k.queue.List(queue.State(state), limit)
	if err != nil {
		return nil, err
	}
	all := make([]screen.Item, len(items))
	for i, it := range items {
		all[i] = screen.Item{Seq: it.Seq, ID: it.ID, Lane: lane(it.Lane), Put: it.Put, Sent: len(it.Note) > 0, Parked: it.Parked}
	}
	return all, nil
}

// Release implements screen.Backend.
func (b backend) Release(ctx context.Context, seq uint64) error {
	items, err := b.k.queue.List(queue.Parked, 1<<20)
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.Seq == seq {
			if err := b.k.queue.Release(ctx, seq); err != nil {
				return err
			}
			return b.k.visits.Park(it.ID, "")
		}
	}
	return fmt.Errorf("no parked item %d: see what is parked", seq)
}

func lane(l queue.Lane) string {
	if l == queue.Urgent {
		return "urgent"
	}
	return "routine"
}

func counts(s queue.Stats) screen.Queue {
	return screen.Queue{Waiting: s.Waiting, Urgent: s.Urgent, Parked: s.Parked, Delivered: s.Delivered, Oldest: s.OldestPut, Bytes: s.Bytes, Full: s.Full}
}

// shown is how many receipts a screen gets.
const shown = 100

func (b backend) receipts() ([]screen.Receipt, error) {
	all, err := b.k.visits.Newest(shown)
	if err != nil {
		return nil, err
	}
	out := make([]screen.Receipt, len(all))
	for i, r := range all {
		out[i] = screen.Receipt{
			Entry: r.Entry, Visit: r.Visit, Kind: r.Kind, Parked: r.Parked, Superseded: r.Superseded,
			Saved: b.when(r, visits.Saved), Sent: b.when(r, visits.Sent), Recorded: b.when(r, visits.Recorded), Seen: b.when(r, visits.Seen),
		}
	}
	return out, nil
}

func (b backend) when(r visits.Receipt, step visits.Step) *time.Time {
	stamp, reached := r.Steps[step]
	if !reached || stamp == (clock.Stamp{}) {
		return nil
	}
	t := b.k.clock.Resolve(stamp).Time.In(b.k.cfg.Zone)
	return &t
}
