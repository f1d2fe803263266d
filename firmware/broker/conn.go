package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Message is one publish, out or in.
type Message struct {
	Topic    string
	Payload  []byte
	QoS      byte
	Retained bool
	Ack      func() // set on what is received: under ManualAck it sends the PUBACK of a QoS 1 message, otherwise it does nothing
}

// Conn is one connection. It is safe for concurrent use.
type Conn struct {
	client mqtt.Client
	inbox  chan func()   // handlers run here, off paho's reader, in order of arrival
	turn   chan struct{} // held while a packet is handed to paho, which keeps packets in order
	greet  func() bool   // takes the wire from Connect's ctx, false when that has ended; set by dial
	done   chan struct{}
	once   sync.Once
	err    error // why the connection ended; set before done is closed
}

// ErrClosed says that this side ended the connection.
var ErrClosed = errors.New("connection closed")

// waiting is how many received messages may wait for a handler.
const waiting = 1024

// Connect makes one connection; ctx bounds only the making. Its error names the address and what to check, never the password.
func Connect(ctx context.Context, o Opts) (*Conn, error) {
	o = o.completed()
	at, err := address(o.URL)
	if err != nil {
		return nil, err
	}
	c := &Conn{inbox: make(chan func(), waiting), turn: make(chan struct{}, 1), done: make(chan struct{})}
	c.client = mqtt.NewClient(c.options(ctx, at, o))
	token := c.client.Connect()
	select {
	case <-token.Done():
	case <-ctx.Done(): // which also closes the wire, and so ends paho's attempt
		return nil, ctx.Err()
	}
	inTime := c.greet == nil || c.greet() // no wire, or ctx let go of it
	if err := token.Error(); err != nil {
		return nil, fmt.Errorf("connect to %s as %q: %w: %s", at.Redacted(), o.ClientID, err, advice(err))
	}
	if !inTime {
		return nil, ctx.Err()
	}
	go c.handle()
	return c, nil
}

// Publish sends m. With QoS 1 nil means that the broker acknowledged it, which says nothing about anybody behind the broker; with QoS 0
// that it was written. An error leaves open whether the broker has it. Publishes leave in the order of the calls.
func (c *Conn) Publish(ctx context.Context, m Message) error {
	token, err := c.send(ctx, func() mqtt.Token { return c.client.Publish(m.Topic, m.QoS, m.Retained, m.Payload) })
	if err == nil {
		err = c.wait(ctx, token)
	}
	if err != nil {
		return fmt.Errorf("publish to %s: %w", m.Topic, err)
	}
	return nil
}

// refused is the return code of a subscription that the broker does not grant (MQTT 3.1.1, 3.9.3).
const refused = 0x80

// Subscribe subscribes to filter and waits until the broker grants it; a refusal is an error. f gets the messages in order, one at a time
// over all subscriptions, and may publish. A retained message may come before Subscribe returns. Without ManualAck the PUBACK goes out
// before f is called.
func (c *Conn) Subscribe(ctx context.Context, filter string, qos byte, f func(Message)) error {
	token, err := c.send(ctx, func() mqtt.Token { return c.client.Subscribe(filter, qos, c.deliver(f)) })
	if err == nil {
		err = c.wait(ctx, token)
	}
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", filter, err)
	}
	for _, code := range token.(*mqtt.SubscribeToken).Result() {
		if code != refused {
			return nil
		}
	}
	return fmt.Errorf("subscribe to %s: the broker refuses it: check the access rules for this user", filter)
}

// Unsubscribe ends a subscription and waits for the broker's word. What it sent before that still comes.
func (c *Conn) Unsubscribe(ctx context.Context, filter string) error {
	token, err := c.send(ctx, func() mqtt.Token { return c.client.Unsubscribe(filter) })
	if err == nil {
		err = c.wait(ctx, token)
	}
	if err != nil {
		return fmt.Errorf("unsubscribe from %s: %w", filter, err)
	}
	return nil
}

// deliver hands what paho reads over to the inbox.
func (c *Conn) deliver(f func(Message)) mqtt.MessageHandler {
	return func(_ mqtt.Client, m mqtt.Message) {
		msg := Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retained: m.Retained(), Ack: m.Ack}
		select {
		case c.inbox <- func() { f(msg) }:
		case <-c.done:
		}
	}
}

// send hands one packet to paho. paho may hold its caller for the write time-out and knows no context, so it is called beside; the turn
// keeps a packet whose caller has gone before those that come later.
func (c *Conn) send(ctx context.Context, f func() mqtt.Token) (mqtt.Token, error) {
	if err := c.Err(); err != nil {
		return nil, err
	}
	select {
	case c.turn <- struct{}{}:
	case <-c.done:
		return nil, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	handed := make(chan mqtt.Token, 1)
	go func() {
		handed <- f()
		<-c.turn
	}()
	select {
	case token := <-handed:
		return token, nil
	case <-c.done:
		return nil, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// wait waits for what the broker says to a packet. Why the connection ended says more than that the packet got no answer.
func (c *Conn) wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
		if err := token.Error(); err == nil || c.Err() == nil {
			return err
		}
		return c.err
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err says why the connection ended; nil while it lasts.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// goodbye is how long, in milliseconds, the DISCONNECT may take.
const goodbye = 250

// Close disconnects in good order, which cancels the will. It may be repeated.
func (c *Conn) Close() {
	c.end(ErrClosed)
	c.client.Disconnect(goodbye)
}

// end notes why the connection is over and wakes everybody who waits on it. The first reason stands.
func (c *Conn) end(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.done)
	})
}

func (c *Conn) handle() {
	for {
		select {
		case f := <-c.inbox:
			f()
		case <-c.done:
			return
		}
	}
}
