package intake

import (
	"context"
	"errors"
	"sync"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// desks serve the kiosks of one connection: each kiosk has a goroutine of its own, so one kiosk's messages are handled one after another and
// no kiosk waits for another's.
type desks struct {
	in   *Intake
	conn *broker.Conn
	ctx  context.Context
	busy sync.WaitGroup

	mu sync.Mutex // guards by
	by map[string]chan func() error
}

// backlog is how many messages of one kiosk may wait. A kiosk has one entry in flight, so more means that something is very slow; what
// finds no place gets no PUBACK, and the kiosk sends it again.
const backlog = 64

// take hands a message to its kiosk's desk. It never waits.
func (d *desks) take(m broker.Message) {
	kiosk, part, err := wire.Split(d.in.root, m.Topic)
	if err != nil {
		m.Ack()
		d.in.Log.Warn("message on a topic that no kiosk has", "why", err)
		return
	}
	if !d.put(kiosk, func() error { return d.handle(kiosk, m) }) {
		d.in.Log.Warn("kiosk sends faster than it is served", "kiosk", kiosk, "part", part)
	}
}

// put hands work to a kiosk's desk, opening one where there is none; false when it has no place.
func (d *desks) put(kiosk string, job func() error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	desk, ok := d.by[kiosk]
	if !ok {
		desk = make(chan func() error, backlog)
		d.by[kiosk] = desk
		d.busy.Go(func() { d.work(kiosk, desk) })
	}
	select {
	case desk <- job:
		return true
	default:
		return false
	}
}

func (d *desks) work(kiosk string, desk <-chan func() error) {
	for {
		select {
		case job := <-desk:
			if err := job(); err != nil && d.ctx.Err() == nil {
				d.in.Log.Warn("message not handled; it will come again", "kiosk", kiosk, "why", err)
			}
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *desks) handle(kiosk string, m broker.Message) error {
	_, part, err := wire.Split(d.in.root, m.Topic)
	if err != nil {
		return err
	}
	switch part {
	case wire.UpHello:
		err = d.hello(kiosk, m)
	case wire.UpObs:
		err = d.observations(kiosk, m)
	case wire.UpEvt:
		err = d.event(kiosk, m)
	case wire.UpRes:
		err = d.result(kiosk, m)
	case wire.StateTopic:
		err = d.stateOf(kiosk, m)
	}
	if err == nil {
		m.Ack()
	}
	return err
}

// stateOf tells a kiosk that came online what it must still be told.
func (d *desks) stateOf(kiosk string, m broker.Message) error {
	s, err := wire.Parse[wire.State](m.Payload)
	if err != nil || s.St != wire.Online {
		d.in.online.Delete(kiosk)
		return nil // an empty or strange state says nothing; the kiosk's next one will
	}
	d.in.online.Store(kiosk, s)
	if before, _ := d.in.storage.Swap(kiosk, s.Storage); before != s.Storage && s.Storage != "" {
		d.in.Log.Warn("a kiosk is running out of room for readings: see its link and its queue", "kiosk", kiosk, "storage", s.Storage)
	}
	kept, err := d.in.Ledger.Kept(kiosk)
	if err != nil {
		return err
	}
	for _, message := range kept {
		if err := d.tell(kiosk, wire.DownAck, message.Payload); err != nil {
			return err
		}
		if err := d.in.Ledger.Told(message); err != nil {
			return err
		}
	}
	return errors.Join(d.profile(kiosk, s), d.errands(kiosk, 0))
}

func (d *desks) tell(kiosk, part string, payload []byte) error {
	return d.conn.Publish(d.ctx, broker.Message{Topic: wire.Topic(d.in.root, kiosk, part), QoS: 1, Payload: payload})
}
