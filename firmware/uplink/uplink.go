// Package uplink carries entries from the queue to the clinic and acts on the receipts that come back.
//
// One connection's life is a session: subscribe, say that the kiosk is online, ask the clinic for the time, then drain. One entry is in
// flight at a time: urgent ones first, then what came since the link is back, then the backlog; an entry that the clinic does not take now
// lets the others pass. What an entry is first sent with (its repaired time, the moment, the software) is noted on it durably
// before it leaves, so that every retry is the same bytes. An entry leaves the queue only on the clinic's receipt: the broker's PUBACK says
// nothing about the clinic.
//
//	saved -> sent (PUBACK) -> stored | duplicate: acknowledged
//	                       -> rejected:           parked, for a person
//	                       -> retry | silence:    sent again after 1 s to 5 min; at once when the clinic turns online
package uplink

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nabz/firmware/broker"
	"nabz/firmware/clock"
	"nabz/firmware/pulse"
	"nabz/firmware/wire"
	"nabz/queue"
)

// Step is what became of an entry.
type Step string

// The steps.
const (
	Sent     Step = "sent"     // the broker took it
	Recorded Step = "recorded" // the health record has it
	Parked   Step = "parked"   // the record will not take it; Reasons say why
	Seen     Step = "seen"     // a doctor opened it
	Retried  Step = "retry"    // the clinic asks for it again later
)

// Receipt tells of one step of one entry.
type Receipt struct {
	Entry   string // the reading's or retraction's own id
	Step    Step
	At      clock.Stamp
	Reasons []string
}

// Link says how far an entry could get now.
type Link struct {
	Broker bool
	Clinic bool
	Since  time.Time // when this last changed, by the wall clock
	Why    string    // what is wrong, when something is
}

// Box is the kiosk itself, as whoever runs the fleet sees it.
type Box struct {
	Missing []string // devices that do not answer
	Power   string   // "mains" or "battery"; empty when nothing tells
	Charge  int      // of the battery, per cent; 0 when nothing tells
	Card    string   // as wire.State.Card
	Profile uint64   // version of the site profile in use
	Refused uint64   // version that was taken back
	Ends    int64    // as wire.State.Ends
}

// Opts is what an uplink needs.
type Opts struct {
	Queue    *queue.Queue
	Clock    *clock.Clock
	Kiosk    string // id in topics and identifiers
	Base     string // prefix of our identifier systems
	Software string // version told in the gateway's Device
	Zone     *time.Location
	Practice bool
	Compress bool
	Broker   broker.Opts                // the will is set here
	Sealing  Sealing                    // nil: nothing is sealed
	Receipt  func(Receipt)              // must return at once
	Link     func(Link)                 // must return at once
	Audit    Audit                      // nil: it is not sent
	Clocked  func(moved time.Duration)  // is told when the clinic's time moved the clock by more than clockJump; nil: nobody is
	Profile  func(raw []byte)           // takes a site profile that came; nil: none is taken. Must return at once
	Live     Live                       // nil: nothing is shown live
	Most     wire.Mode                  // the most of it that the link is for; empty: the wave
	Requests Requests                   // nil: nothing but a watch is taken
	Tally    func() (wire.Tally, error) // how the accounts stand; nil: they are not told
	Box      func() Box                 // what the state tells of the box beside; nil: nothing. Must return at once
	Log      *slog.Logger

	Silence time.Duration // how long a receipt may take before the entry is sent again; 0 is 30 s
}

// Uplink is the task.
type Uplink struct {
	Opts
	root    string
	pace    pace                        // of the session that drains
	storage string                      // as it was told last; of the session's keepState
	clinics map[string]wire.ClinicState // by topic, of the session that listens

	mu   sync.Mutex // guards link and on
	link Link
	on   *session // that the clinic has answered; nil without one
}

// New returns an uplink; Run starts it.
func New(o Opts) *Uplink {
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	return &Uplink{Opts: o, root: wire.Root(o.Practice), clinics: map[string]wire.ClinicState{}}
}

func (u *Uplink) String() string { return "uplink" }

// Run connects and drains until ctx ends or the queue fails, and says which. A broker that is away, or refuses us, is not an error: it is
// tried again after 1 s to 5 min, longer each time until a connection proves useful.
func (u *Uplink) Run(ctx context.Context) error {
	for tries := 0; ctx.Err() == nil; tries++ {
		pulse.Rest(ctx)
		s, err := u.connect(ctx)
		if err == nil {
			begun := time.Now()
			err = s.run(ctx)
			if s.useful.Load() || s.greeted.Load() && time.Since(begun) > lastRetry {
				tries = 0
			}
		}
		var broken fatal
		if errors.As(err, &broken) {
			return broken.error
		}
		if ctx.Err() != nil {
			break
		}
		u.report(Link{Why: err.Error()})
		pulse.Rest(ctx)
		pause(ctx, backoff(tries), nil)
	}
	return ctx.Err()
}

// fatal is an error of the queue: going on could lose something.
type fatal struct{ error }

func (u *Uplink) topic(part string) string { return wire.Topic(u.root, u.Kiosk, part) }

// report tells of the link when something about it changed.
func (u *Uplink) report(l Link) {
	u.mu.Lock()
	defer u.mu.Unlock()
	first := u.link.Since.IsZero()
	if !first && l.Broker == u.link.Broker && l.Clinic == u.link.Clinic && l.Why == u.link.Why {
		return
	}
	if first || l.Broker != u.link.Broker || l.Clinic != u.link.Clinic {
		u.Log.Info("link", "broker", l.Broker, "clinic", l.Clinic, "why", l.Why)
	}
	l.Since = time.Now()
	u.link = l
	u.Link(l)
}

func (u *Uplink) tell(entry string, step Step, reasons ...string) {
	u.Receipt(Receipt{Entry: entry, Step: step, At: u.Clock.Now(), Reasons: reasons})
}
