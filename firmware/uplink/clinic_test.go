package uplink

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// clinic is a scripted one: it takes what kiosks publish and answers as the test says. A broker that goes is waited for.
type clinic struct {
	t      testing.TB
	broker *mosquitto
	now    func() time.Time      // what its clock says
	deaf   func() bool           // whether a hello is passed over
	answer func(sent) []wire.Ack // to the attempt; nil is silence
	heard  chan sent             // every attempt, in order
	states chan wire.State       // of the kiosk
	hellos chan struct{}         // one for each hello that was answered

	mu       sync.Mutex
	conn     *broker.Conn
	attempts map[string]int // by entry
}

// sent is one attempt at an entry.
type sent struct {
	entry   string
	attempt int // from 1
	payload string
}

// stored answers that the record has it.
func stored(s sent) []wire.Ack { return ack(s.entry, wire.Stored) }

func ack(entry string, st wire.Status, reasons ...string) []wire.Ack {
	return []wire.Ack{{ID: wire.BundleID(kiosk, entry), Status: st, Reason: reasons, By: "clinic-1", Now: time.Now().UTC()}}
}

// script answers each attempt at any entry with the next status; the last one stands for all that follow. "" is silence.
func script(all ...wire.Status) func(sent) []wire.Ack {
	return func(s sent) []wire.Ack {
		st := all[min(s.attempt, len(all))-1]
		if st == "" {
			return nil
		}
		return ack(s.entry, st, "because of a rule")
	}
}

func newClinic(t testing.TB, m *mosquitto) *clinic {
	return &clinic{
		t: t, broker: m, now: time.Now, deaf: func() bool { return false }, answer: stored, attempts: map[string]int{},
		heard: make(chan sent, 4096), states: make(chan wire.State, 4096), hellos: make(chan struct{}, 4096),
	}
}

// open starts the clinic and keeps it running until the test ends.
func (c *clinic) open() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	up := make(chan struct{}, 1)
	var busy sync.WaitGroup
	busy.Go(func() {
		for ctx.Err() == nil {
			conn, err := c.connect(ctx)
			if err != nil {
				pause(ctx, 20*time.Millisecond, nil)
				continue
			}
			offer(up, struct{}{})
			select {
			case <-conn.Done():
			case <-ctx.Done():
			}
			conn.Close()
		}
	})
	c.t.Cleanup(busy.Wait)
	c.t.Cleanup(cancel)
	expect(c.t, up)
}

func (c *clinic) connect(ctx context.Context) (*broker.Conn, error) {
	conn, err := broker.Connect(ctx, c.broker.opts("clinic-1", "clinic-1"))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	for part, f := range map[string]func(broker.Message){wire.UpHello: c.hello, wire.UpObs: c.observations, wire.StateTopic: c.state} {
		if err := conn.Subscribe(ctx, wire.All(wire.LiveRoot, part), 1, f); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

func (c *clinic) hello(m broker.Message) {
	h, err := wire.Parse[wire.Hello](m.Payload)
	if err != nil || c.deaf() {
		return
	}
	c.down(wire.DownHello, wire.HelloReply{Nonce: h.Nonce, Now: c.now().UTC()})
	c.hellos <- struct{}{}
}

func (c *clinic) observations(m broker.Message) {
	bundles, err := wire.Unpack(m.Payload)
	if err != nil {
		c.t.Errorf("unpack: %v", err)
		return
	}
	for _, b := range bundles {
		var head struct{ Identifier struct{ Value string } }
		if err := json.Unmarshal(b, &head); err != nil {
			c.t.Errorf("bundle: %v", err)
			return
		}
		entry, _ := wire.EntryID(kiosk, head.Identifier.Value)
		c.mu.Lock()
		c.attempts[entry]++
		s := sent{entry, c.attempts[entry], string(m.Payload)}
		c.mu.Unlock()
		c.heard <- s
		for _, a := range c.answer(s) {
			c.down(wire.DownAck, a)
		}
	}
}

func (c *clinic) state(m broker.Message) {
	if s, err := wire.Parse[wire.State](m.Payload); err == nil {
		c.states <- s
	}
}

// down tells the kiosk something. A broker that has just been killed is no fault of the clinic's.
func (c *clinic) down(part string, message any) {
	c.publish(broker.Message{Topic: wire.Topic(wire.LiveRoot, kiosk, part), QoS: 1, Payload: wire.Encode(message)})
}

// say publishes the clinic's own state.
func (c *clinic) say(st, session string) {
	c.publish(broker.Message{
		Topic: wire.ClinicTopic(wire.LiveRoot, "clinic-1"), QoS: 1, Retained: true,
		Payload: wire.Encode(wire.ClinicState{St: st, Session: session}),
	})
}

func (c *clinic) publish(m broker.Message) {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := conn.Publish(ctx, m); err != nil && conn.Err() == nil {
		c.t.Errorf("clinic: %v", err)
	}
}
