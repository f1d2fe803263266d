package relay

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"nabz/cmd/clinic/internal/chart"
	"nabz/cmd/clinic/internal/door"
	"nabz/firmware/broker"
	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// patience is how long an answer may take.
const patience = 5 * time.Second

// ErrAway says that the clinic which keeps the books did not answer.
var ErrAway = errors.New("the clinic that keeps the books does not answer")

// Replica asks a clinic for its books. It implements chart.Keeper, and is safe for concurrent use.
type Replica struct {
	Clinic string // whose books
	Name   string // of this replica
	Root   string
	Broker broker.Opts
	Keys   []seal.Private // as the clinic's Counter has them
	Log    *slog.Logger

	mu    sync.Mutex
	conn  *broker.Conn
	asked map[string]chan answer
}

// Run keeps the connection until ctx ends, and then returns nil.
func (r *Replica) Run(ctx context.Context, ready func()) error {
	o := r.Broker
	o.ClientID = r.Name + "-replica"
	keep(ctx, o, topic(r.Root, r.Clinic, "answer", r.Name), r.Log, func(_ context.Context, conn *broker.Conn) func(broker.Message) {
		r.use(conn) // one that has ended says so itself
		return r.take
	}, ready)
	return nil
}

func (r *Replica) use(c *broker.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conn = c
}

func (r *Replica) take(m broker.Message) {
	raw, err := opened(r.Keys, m.Payload)
	if err != nil {
		r.Log.Warn("an answer was not understood: has this replica the clinic's --seal-key?", "why", err)
		return
	}
	a, err := unpack[answer](raw)
	if err != nil {
		r.Log.Warn("an answer was not understood", "why", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if waits := r.asked[a.ID]; waits != nil {
		waits <- a // it has a place for one, and an id is new for each question
		delete(r.asked, a.ID)
	}
}

// ask puts a question and waits for its answer.
func (r *Replica) ask(ctx context.Context, op string, with, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q := question{ID: uuid.NewString(), Op: op}
	raw, err := json.Marshal(with)
	if err != nil {
		return err
	}
	q.With = raw
	payload, err := pack(q)
	if err == nil {
		payload, err = shut(r.Keys, payload)
	}
	if err != nil {
		return err
	}
	waits := make(chan answer, 1)
	conn := r.expect(q.ID, waits)
	defer r.expect(q.ID, nil)
	if conn == nil {
		return ErrAway
	}
	if err := conn.Publish(ctx, broker.Message{Topic: topic(r.Root, r.Clinic, "ask", r.Name), QoS: 1, Payload: payload}); err != nil {
		return ErrAway
	}
	select {
	case a := <-waits:
		return a.into(out)
	case <-conn.Done():
		return ErrAway
	case <-ctx.Done():
		return ErrAway
	}
}

// expect notes who waits for an answer, or with nil that nobody does any more.
func (r *Replica) expect(id string, waits chan answer) *broker.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil {
		r.asked = map[string]chan answer{}
	}
	if r.asked[id] = waits; waits == nil {
		delete(r.asked, id)
	}
	return r.conn
}

func (a answer) into(out any) error {
	switch {
	case a.Unknown:
		return chart.ErrUnknown
	case !a.OK:
		return errors.New("the clinic that keeps the books: " + a.Why)
	case out == nil:
		return nil
	}
	return json.Unmarshal(a.With, out)
}

// Waiting implements chart.Keeper.
func (r *Replica) Waiting(ctx context.Context) (all []chart.Waiting, err error) {
	err = r.ask(ctx, opWaiting, nil, &all)
	return all, err
}

// Open implements chart.Keeper.
func (r *Replica) Open(ctx context.Context, id string) (c chart.Chart, err error) {
	err = r.ask(ctx, opOpen, id, &c)
	return c, err
}

// Of implements chart.Keeper.
func (r *Replica) Of(ctx context.Context, p reading.PatientRef) (c chart.Chart, err error) {
	err = r.ask(ctx, opOf, p, &c)
	return c, err
}

// Opened implements chart.Keeper.
func (r *Replica) Opened(ctx context.Context, kiosk string, ids []string, by string) error {
	return r.ask(ctx, opOpened, openedIn{kiosk, ids, by}, nil)
}

// Ask implements chart.Keeper.
func (r *Replica) Ask(ctx context.Context, kiosk string, c wire.Command) error {
	return r.ask(ctx, opAsk, askIn{kiosk, c}, nil)
}

// Unit implements chart.Keeper.
func (r *Replica) Unit(ctx context.Context, kiosk string) (u chart.Unit, err error) {
	err = r.ask(ctx, opUnit, kiosk, &u)
	return u, err
}

// Audit writes an event into the clinic's audit; nil means that it is on stable storage there.
func (r *Replica) Audit(e door.Event) error { return r.ask(context.Background(), opAudit, e, nil) }

// topic is below a clinic's own tree, where no kiosk may write: topic(root, "clinic-1", "ask", "clinic-2").
func topic(root, clinic, part, replica string) string {
	return strings.TrimSuffix(wire.ClinicTopic(root, clinic), "state") + part + "/" + replica
}

// replicaOf undoes topic for a question.
func replicaOf(root, clinic, t string) (string, bool) {
	replica, ok := strings.CutPrefix(t, topic(root, clinic, "ask", ""))
	return replica, ok && wire.CheckKiosk(replica) == nil
}
