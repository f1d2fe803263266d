package hwtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/google/uuid"

	"nabz/firmware/broker"
	"nabz/firmware/wire"
)

// ladder is the way to the record: each rung needs the one below, so the first that is not good is where to look.
func (b Bench) ladder() []Check {
	where := b.Config.Broker.URL
	if u, err := url.Parse(where); err == nil {
		where = u.Host
	}
	n := &network{Bench: b, host: where}
	rungs := []Check{
		{Name: "link", Description: "The box is on a network.", Run: n.link},
		{Name: "name", Description: "The broker's name has an address.", Run: n.name},
		{Name: "connection", Description: "The broker answers, and is who it says.", Run: n.connection},
		{Name: "broker", Description: "The broker lets this kiosk in.", Run: n.broker},
		{Name: "clinic", Description: "The clinic answers through the broker.", Run: n.clinic},
		{Name: "record", Description: "The health record says through the clinic what it can do.", Run: n.record},
		{Name: "practice", Description: "A practice reading reaches the practice folder, and its receipt comes back.", Run: n.practice},
	}
	for i := range rungs[1:] {
		rungs[i+1].Needs = rungs[i].Name
	}
	rungs[6].Needs = "connection" // another root, and another clinic
	return rungs
}

// network is what the rungs tell one another.
type network struct {
	Bench
	host  string // and port
	reply wire.HelloReply
	trip  time.Duration
}

// Limits of the way.
const (
	dialTime  = 10 * time.Second
	helloTime = 15 * time.Second
	endsSoon  = 14 * 24 * time.Hour // a broker's certificate
)

func (n *network) link(context.Context) Result {
	host, _, err := net.SplitHostPort(n.host)
	if err != nil {
		return failed("kiosk.toml names no broker with a port", "give broker.url")
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return Result{Verdict: Pass, Why: "the broker is on this box"}
	}
	all, err := net.Interfaces()
	if err != nil {
		return failed(err.Error(), "look at the modem")
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		if addrs, err := i.Addrs(); err == nil && len(addrs) > 0 {
			return passed(number("interface", i.Name, "", ""))
		}
	}
	return failed("no network has an address", "look at the modem: its card, its balance, its aerial; or at the cable")
}

func (n *network) name(ctx context.Context) Result {
	host, _, _ := net.SplitHostPort(n.host) // link has seen that it is one
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return failed("the name "+host+" has no address: "+cause(err), "look at the name server, or at broker.url")
	}
	return passed(number("address", addrs[0], "", ""))
}

// cause is what went wrong without the names around it.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.Err
	}
	return err.Error()
}

// secure is the broker's TLS as this kiosk uses it; nil where it uses none.
func (n *network) secure() (*tls.Config, []byte, error) {
	c := n.Config.Broker
	if c.CA == "" {
		return nil, nil, nil
	}
	who := broker.Identity{CA: c.CA, Cert: c.Cert, Key: c.Key}
	secret, err := who.Secret()
	if err != nil {
		return nil, nil, err
	}
	t, err := who.Config(func() time.Time { now, _ := n.now(); return now.Wall }) // a clock that nobody set is behind: nothing has ended by it
	return t, secret, err
}

func (n *network) connection(ctx context.Context) Result {
	conf, _, err := n.secure()
	if err != nil {
		return failed(err.Error(), "kioskctl enrol")
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	begun := time.Now()
	wire, err := (&net.Dialer{}).DialContext(ctx, "tcp", n.host)
	if err != nil {
		return failed("nothing answers at "+n.host+": "+cause(err), "look whether the broker runs, and whether the network lets that port through")
	}
	defer wire.Close() // nothing was written
	took := duration("connect", time.Since(begun), 0)
	if conf == nil {
		return passed(took)
	}
	conf = conf.Clone()
	conf.ServerName, _, _ = net.SplitHostPort(n.host) // as above
	secured := tls.Client(wire, conf)
	if err := secured.HandshakeContext(ctx); err != nil {
		return failed("the broker is not one that this kiosk trusts, or does not trust this kiosk: "+cause(err), "look at the time first; then kioskctl enrol, or the broker's certificate", took)
	}
	left := time.Until(secured.ConnectionState().PeerCertificates[0].NotAfter)
	ends := number("broker's certificate ends in", int(left.Hours()/24), "days", fmt.Sprintf("at least %d", int(endsSoon.Hours()/24)))
	if left < endsSoon {
		return failed("the broker's certificate ends soon, or has ended", "tell whoever runs the broker", took, ends)
	}
	return passed(took, ends)
}

// broker connects as this kiosk; where one runs, its connection is the one that counts: a second one would throw it out.
func (n *network) broker(ctx context.Context) Result {
	if n.Kiosk != nil {
		if l := n.Kiosk.Link(); !l.Broker {
			return failed(cmp.Or(l.Why, "the kiosk is not connected"), "kioskctl status says more; look at the broker's log")
		}
		return passed()
	}
	conn, err := n.connect(ctx)
	if err != nil {
		return failed("the broker does not let this kiosk in: "+err.Error(), "look at its rules and at this kiosk's certificate or password")
	}
	conn.Close()
	return passed()
}

func (n *network) connect(ctx context.Context) (*broker.Conn, error) {
	conf, secret, err := n.secure()
	if err != nil {
		return nil, err
	}
	c := n.Config.Broker
	return broker.Connect(ctx, broker.Opts{URL: c.URL, ClientID: n.Config.Name, Username: c.Username, Password: c.Password, TLS: conf, Secret: secret})
}

func (n *network) clinic(ctx context.Context) Result {
	var err error
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	if n.Kiosk != nil {
		n.reply, n.trip, err = n.Kiosk.Ask(ctx)
	} else {
		n.reply, n.trip, err = n.hello(ctx)
	}
	if err != nil {
		return failed(err.Error(), "look whether the clinic runs and is connected to the same broker")
	}
	values := []Value{duration("there and back", n.trip, 0)}
	if now, err := n.now(); err == nil && now.Source != "none" {
		values = append(values, number("its clock differs by", n.reply.Now.Sub(now.Wall).Round(time.Second).Seconds(), "s", ""))
	}
	return passed(values...)
}

// hello asks the clinic over a connection of its own.
func (n *network) hello(ctx context.Context) (r wire.HelloReply, trip time.Duration, err error) {
	conn, err := n.connect(ctx)
	if err != nil {
		return r, 0, err
	}
	defer conn.Close()
	root, nonce := wire.Root(n.Config.Practice), uuid.NewString()
	answers := make(chan wire.HelloReply, 4)
	if err := conn.Subscribe(ctx, wire.Topic(root, n.Config.Name, wire.DownHello), 0, func(m broker.Message) {
		if h, err := wire.Parse[wire.HelloReply](m.Payload); err == nil && h.Nonce == nonce {
			answers <- h
		}
	}); err != nil {
		return r, 0, err
	}
	begun := time.Now()
	if err := conn.Publish(ctx, broker.Message{Topic: wire.Topic(root, n.Config.Name, wire.UpHello), QoS: 1, Payload: wire.Encode(wire.Hello{Nonce: nonce, Check: true})}); err != nil {
		return r, 0, err
	}
	select {
	case r := <-answers:
		return r, time.Since(begun), nil
	case <-conn.Done():
		return r, 0, conn.Err()
	case <-ctx.Done():
		return r, 0, errors.New("the clinic does not answer")
	}
}

func (n *network) record(context.Context) Result {
	switch s := n.reply.Record; {
	case s == nil:
		return skipped("this clinic is too old to say how its record is")
	case s.Why != "":
		return failed(s.Why, "look at the record's server, and at the address that the clinic has for it")
	default:
		return passed(number("software", s.Software, "", ""), number("FHIR", s.FHIR, "", "4"))
	}
}
