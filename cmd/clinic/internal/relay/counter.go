package relay

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/firmware/broker"
	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// The operations.
const (
	opWaiting = "waiting"
	opOpen    = "open"
	opOf      = "of"
	opOpened  = "opened"
	opAsk     = "ask"
	opUnit    = "unit"
	opAudit   = "audit"
)

type openedIn struct {
	Kiosk string   `json:"kiosk"`
	IDs   []string `json:"ids"`
	By    string   `json:"by"`
}

type askIn struct {
	Kiosk   string       `json:"kiosk"`
	Command wire.Command `json:"command"`
}

// Counter is where a clinic answers its replicas.
type Counter struct {
	Book   chart.Keeper
	Audit  func(door.Event) error
	Name   string // of the clinic
	Root   string
	Broker broker.Opts
	Keys   []seal.Private // with which replicas and clinic seal to one another; none: they do not
	Log    *slog.Logger
}

// atOnce is how many questions are worked on at the same time; more wait, and what waits too long its replica has given up.
const atOnce = 16

// Run answers until ctx ends, and then returns nil. A broker that is away is waited for.
func (c *Counter) Run(ctx context.Context, ready func()) error {
	o := c.Broker
	o.ClientID = c.Name + "-counter"
	keep(ctx, o, topic(c.Root, c.Name, "ask", "+"), c.Log, func(ctx context.Context, conn *broker.Conn) func(broker.Message) {
		places := make(chan struct{}, atOnce)
		return func(m broker.Message) {
			replica, ok := replicaOf(c.Root, c.Name, m.Topic)
			if !ok {
				return
			}
			go func() {
				places <- struct{}{}
				defer func() { <-places }()
				c.answer(ctx, conn, replica, m.Payload)
			}()
		}
	}, ready)
	return nil
}

func (c *Counter) answer(ctx context.Context, conn *broker.Conn, replica string, payload []byte) {
	payload, err := opened(c.Keys, payload)
	if err != nil {
		c.Log.Warn("a replica's question was not understood: has it the clinic's --seal-key?", "replica", replica, "why", err)
		return
	}
	q, err := unpack[question](payload)
	if err != nil {
		c.Log.Warn("a replica's question was not understood", "replica", replica, "why", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := answer{ID: q.ID}
	with, err := c.do(ctx, q)
	if err == nil {
		a.With, err = json.Marshal(with)
	}
	a.OK, a.Unknown = err == nil, errors.Is(err, chart.ErrUnknown)
	if err != nil {
		a.Why = err.Error()
	}
	raw, err := pack(a)
	if err != nil {
		raw, err = pack(answer{ID: q.ID, Why: err.Error()})
	}
	if err == nil {
		raw, err = shut(c.Keys, raw)
	}
	if err == nil {
		err = conn.Publish(ctx, broker.Message{Topic: topic(c.Root, c.Name, "answer", replica), QoS: 1, Payload: raw})
	}
	if err != nil && ctx.Err() == nil {
		c.Log.Warn("a replica's question was not answered", "replica", replica, "op", q.Op, "why", err)
	}
}

func (c *Counter) do(ctx context.Context, q question) (any, error) {
	switch q.Op {
	case opWaiting:
		return c.Book.Waiting(ctx)
	case opOpen:
		return with(q, func(id string) (chart.Chart, error) { return c.Book.Open(ctx, id) })
	case opOf:
		return with(q, func(p reading.PatientRef) (chart.Chart, error) { return c.Book.Of(ctx, p) })
	case opOpened:
		return with(q, func(in openedIn) (any, error) { return nil, c.Book.Opened(ctx, in.Kiosk, in.IDs, in.By) })
	case opAsk:
		return with(q, func(in askIn) (any, error) { return nil, c.Book.Ask(ctx, in.Kiosk, in.Command) })
	case opUnit:
		return with(q, func(kiosk string) (chart.Unit, error) { return c.Book.Unit(ctx, kiosk) })
	case opAudit:
		return with(q, func(e door.Event) (any, error) { return nil, c.Audit(e) })
	}
	return nil, errors.New("an operation that this clinic does not know: is the replica newer?")
}

func with[In, Out any](q question, f func(In) (Out, error)) (any, error) {
	var in In
	if json.Unmarshal(q.With, &in) != nil {
		return nil, errors.New("a question of another form")
	}
	return f(in)
}
