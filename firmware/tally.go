package firmware

import (
	"nabz/firmware/wire"
	"nabz/queue"
)

// tally is how the kiosk's accounts stand: what the visits' store has counted, beside what the queue has.
func (k *Kiosk) tally() (wire.Tally, error) {
	t, err := k.visits.Tally()
	if err != nil {
		return wire.Tally{}, err
	}
	held, err := k.queue.List(queue.Parked, wire.MostHeld)
	if err != nil {
		return wire.Tally{}, err
	}
	counts := k.queue.Stats()
	told := wire.Tally{
		Event: wire.EventTally, Store: t.Store, Saved: t.Saved, Recorded: t.Recorded, Superseded: t.Superseded, Retracted: t.Retracted,
		Waiting: counts.Waiting, Parked: counts.Parked,
	}
	for _, it := range held {
		told.Held = append(told.Held, wire.Held{
			ID: wire.BundleID(k.cfg.Name, it.ID), Why: it.Parked[:min(len(it.Parked), wire.MostWhy)], Put: it.Put.Unix(),
		})
	}
	return told, nil
}
