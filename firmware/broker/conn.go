package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Message is one publish, out or in.
type Message struct {
	Topic    string
	Payload  []byte
	QoS      byte
	Retained bool
	Ack      func() // of a received QoS 1 message under ManualAck: lets the broker forget it; otherwise nil
}

// Opts says where and as whom to connect.
type Opts struct {
	URL       string // tcp://host:port or ssl://host:port
	ClientID  string
	Username  string
	Password  string
	TLS       *tls.Config
	Will      *Message
	ManualAck bool // PUBACK only when Message.Ack is called

	KeepAlive    time.Duration // 0 is 30 s; whole seconds
	PingTimeout  time.Duration // 0 is 10 s
	WriteTimeout time.Duration // 0 is 10 s, for every write on the wire
	DialTimeout  time.Duration // 0 is 20 s
}

// Conn is one connection. It is safe for concurrent use.
type Conn struct {
	client mqtt.Client
	inbox  chan func() // handlers run here, off paho's reader, in order of arrival
	done   chan struct{}
	once   sync.Once
	err    error // why the connection ended; set before done is closed
}

// ErrClosed says that this side ended the connection.
var ErrClosed = errors.New("connection closed")

// Connect makes one connection. Its error names the address and what to check, never the password.
func Connect(ctx context.Context, o Opts) (*Conn, error) {
	o = o.completed()
	c := &Conn{inbox: make(chan func(), 1024), done: make(chan struct{})}
	c.client = mqtt.NewClient(c.options(ctx, o))
	token := c.client.Connect()
	select {
	case <-token.Done():
	case <-ctx.Done():
		c.client.Disconnect(0)
		return nil, ctx.Err()
	}
	if err := token.Error(); err != nil {
		return nil, fmt.Errorf("connect to %s as %q: %w: check address, network, user and password", o.URL, o.ClientID, err)
	}
	go c.handle()
	return c, nil
}

func (o Opts) completed() Opts {
	orElse(&o.KeepAlive, 30*time.Second)
	orElse(&o.PingTimeout, 10*time.Second)
	orElse(&o.WriteTimeout, 10*time.Second)
	orElse(&o.DialTimeout, 20*time.Second)
	return o
}

func orElse(d *time.Duration, usual time.Duration) {
	if *d == 0 {
		*d = usual
	}
}

func (c *Conn) options(ctx context.Context, o Opts) *mqtt.ClientOptions {
	m := mqtt.NewClientOptions().AddBroker(o.URL).SetClientID(o.ClientID).SetUsername(o.Username).SetPassword(o.Password).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4).
		SetOrderMatters(true). // handlers only hand over to inbox, so the reader is never held up
		SetKeepAlive(o.KeepAlive).SetPingTimeout(o.PingTimeout).SetWriteTimeout(o.WriteTimeout).SetConnectTimeout(o.DialTimeout).
		SetAutoAckDisabled(o.ManualAck).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { c.end(fmt.Errorf("connection lost: %w", err)) }).
		SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) { return dial(ctx, u, o) })
	if o.Will != nil {
		m.SetBinaryWill(o.Will.Topic, o.Will.Payload, o.Will.QoS, o.Will.Retained)
	}
	return m
}

// dial opens the wire with a deadline on every write.
func dial(ctx context.Context, u *url.URL, o Opts) (net.Conn, error) {
	d := net.Dialer{Timeout: o.DialTimeout, KeepAlive: o.KeepAlive}
	if u.Scheme == "tcp" || u.Scheme == "mqtt" {
		c, err := d.DialContext(ctx, "tcp", u.Host)
		return deadlined{c, o.WriteTimeout}, err
	}
	t := tls.Dialer{NetDialer: &d, Config: o.TLS}
	c, err := t.DialContext(ctx, "tcp", u.Host)
	return deadlined{c, o.WriteTimeout}, err
}

// deadlined is a connection on which no write lasts longer than the limit.
type deadlined struct {
	net.Conn
	limit time.Duration
}

func (d deadlined) Write(b []byte) (int, error) {
	if err := d.SetWriteDeadline(time.Now().Add(d.limit)); err != nil {
		return 0, err
	}
	return d.Conn.Write(b)
}

// Publish sends m. With QoS 1 nil means that the broker acknowledged it, which says nothing about anybody behind the broker.
func (c *Conn) Publish(ctx context.Context, m Message) error {
	token := c.client.Publish(m.Topic, m.QoS, m.Retained, m.Payload)
	if err := c.wait(ctx, token); err != nil {
		return fmt.Errorf("publish to %s: %w", m.Topic, err)
	}
	return nil
}

// refused is the return code of a subscription that the broker does not grant (MQTT 3.1.1, 3.9.3).
const refused = 0x80

// Subscribe subscribes to filter and waits until the broker grants it; a refusal is an error. f gets the messages in order, one at a time
// over all subscriptions, and may publish. A retained message may come before Subscribe returns.
func (c *Conn) Subscribe(ctx context.Context, filter string, qos byte, f func(Message)) error {
	token := c.client.Subscribe(filter, qos, func(_ mqtt.Client, m mqtt.Message) {
		msg := Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retained: m.Retained(), Ack: m.Ack}
		select {
		case c.inbox <- func() { f(msg) }:
		case <-c.done:
		}
	})
	if err := c.wait(ctx, token); err != nil {
		return fmt.Errorf("subscribe to %s: %w", filter, err)
	}
	if granted, ok := token.(*mqtt.SubscribeToken).Result()[filter]; ok && granted == refused {
		return fmt.Errorf("subscribe to %s: the broker refuses it: check the access rules for this user", filter)
	}
	return nil
}

func (c *Conn) wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
		return token.Error()
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

// Close disconnects in good order, which cancels the will. It may be repeated.
func (c *Conn) Close() {
	c.client.Disconnect(250)
	c.end(ErrClosed)
}

// end notes why the connection is over and wakes everybody who waits on it.
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
