package broker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"nabz/firmware/validity"
)

// Opts says where and as whom to connect.
type Opts struct {
	URL       string // tcp://host:port or ssl://host:port
	ClientID  string
	Secret    []byte // Identity.Secret; with it the client id goes on by what nobody else knows, so that nobody takes the connection over
	Username  string
	Password  string
	TLS       *tls.Config // for ssl; nil trusts the system's authorities
	Will      *Message
	ManualAck bool // PUBACK only when Message.Ack is called

	KeepAlive    time.Duration // 0 is 30 s; in whole seconds, at least one
	PingTimeout  time.Duration // 0 is 10 s
	WriteTimeout time.Duration // 0 is 10 s, for every write on the wire
	DialTimeout  time.Duration // 0 is 20 s, for the wire and for the broker's answer each
}

func (o Opts) completed() Opts {
	orElse(&o.KeepAlive, 30*time.Second)
	orElse(&o.PingTimeout, 10*time.Second)
	orElse(&o.WriteTimeout, 10*time.Second)
	orElse(&o.DialTimeout, 20*time.Second)
	o.KeepAlive = max(o.KeepAlive.Truncate(time.Second), time.Second) // less is 0 to paho: no pings at all
	return o
}

// clientID is what the broker is told. A broker that takes certificates' names for client ids takes no notice of it. It is the same after a restart, so a connection that
// hangs half open is replaced and its will comes before the new state.
func (o Opts) clientID() string {
	if len(o.Secret) == 0 {
		return o.ClientID
	}
	mac := hmac.New(sha256.New, o.Secret)
	mac.Write([]byte(o.ClientID)) // never fails
	return o.ClientID + "-" + hex.EncodeToString(mac.Sum(nil)[:8])
}

func orElse(d *time.Duration, usual time.Duration) {
	if *d == 0 {
		*d = usual
	}
}

// address reads a broker's URL. Its error does not quote it: there may be a password in what somebody mistyped.
func address(raw string) (*url.URL, error) {
	at, err := url.Parse(raw)
	if err != nil || at.Host == "" || !plain[at.Scheme] && !secure[at.Scheme] {
		return nil, errors.New("connect: the broker's address is not of the form tcp://host:port or ssl://host:port")
	}
	return at, nil
}

// The schemes that paho's users know.
var (
	plain  = map[string]bool{"tcp": true, "mqtt": true}
	secure = map[string]bool{"ssl": true, "tls": true, "mqtts": true}
)

// advice says what to check when a broker does not let us in.
func advice(err error) string {
	var authority x509.UnknownAuthorityError
	var expired x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.Is(err, packets.ErrorRefusedNotAuthorised), errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return "check user name and password, and that the broker knows this user"
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return "check the client id"
	case errors.As(err, &authority), errors.As(err, &name):
		return "check the broker's certificate and the authority that is trusted here"
	case errors.As(err, &expired):
		return "check the certificates and this machine's date"
	}
	return "check address and network, and that the broker runs"
}

// options are paho's settings for one connection without help of its own. Order is kept because handlers only hand over to the inbox.
func (c *Conn) options(ctx context.Context, at *url.URL, o Opts) *mqtt.ClientOptions {
	m := mqtt.NewClientOptions().AddBroker(at.String()).SetClientID(o.clientID()).SetUsername(o.Username).SetPassword(o.Password).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4).SetOrderMatters(true).
		SetKeepAlive(o.KeepAlive).SetPingTimeout(o.PingTimeout).SetWriteTimeout(o.WriteTimeout).SetConnectTimeout(o.DialTimeout).
		SetAutoAckDisabled(o.ManualAck).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return c.dial(ctx, at, o) })
	if o.Will != nil {
		m.SetBinaryWill(o.Will.Topic, o.Will.Payload, o.Will.QoS, o.Will.Retained)
	}
	return m
}

// dial opens the wire. Until greet is called the end of ctx closes it, so that a broker which never answers holds nobody up.
func (c *Conn) dial(ctx context.Context, at *url.URL, o Opts) (net.Conn, error) {
	conn, err := open(ctx, at, o)
	if err != nil {
		return nil, err
	}
	l := &line{Conn: conn, limit: o.WriteTimeout, ended: func(err error) { c.end(fmt.Errorf("connection lost: %w", err)) }}
	c.greet = context.AfterFunc(ctx, func() { l.Close() })
	return l, nil
}

func open(ctx context.Context, at *url.URL, o Opts) (net.Conn, error) {
	d := net.Dialer{Timeout: o.DialTimeout, KeepAlive: o.KeepAlive}
	if plain[at.Scheme] {
		return d.DialContext(ctx, "tcp", at.Host)
	}
	t := tls.Dialer{NetDialer: &d, Config: o.TLS}
	conn, err := t.DialContext(ctx, "tcp", at.Host)
	if err == nil || o.TLS == nil {
		return conn, err
	}
	now := time.Now
	if o.TLS.Time != nil {
		now = o.TLS.Time
	}
	begin, later := validity.Begin(err, now())
	if !later {
		return nil, err
	}
	t.Config = o.TLS.Clone()
	t.Config.Time = func() time.Time { return begin }
	return t.DialContext(ctx, "tcp", at.Host)
}
