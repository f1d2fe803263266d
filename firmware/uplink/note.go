package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
	"nabz/firmware/wire"
	"nabz/queue"
)

// note is what an item was first sent with; every retry uses it again. Whether it is compressed is not part of it: the Bundle inside is
// the same, and a clinic that cannot unpack must be helped by sending plainly.
type note struct {
	Instant  clock.Instant `json:"instant"`
	Sent     time.Time     `json:"sent"`
	Software string        `json:"software"`
}

// unfitError says that an entry can never be sent as it is.
type unfitError struct{ why error }

func (u unfitError) Error() string { return fmt.Sprintf("cannot be sent: %v", u.why) }

// encode makes an item's payload, the same each time: what it is first sent with is kept durably before anything leaves. The errors are
// an unfitError or the queue's own; queue.ErrUnknown when the item no longer waits.
func (s *session) encode(ctx context.Context, it queue.Item) ([]byte, error) {
	entry, err := reading.Decode(it.Payload)
	if err != nil {
		return nil, unfitError{err}
	}
	if practice(entry) != s.Practice {
		return nil, unfitError{errors.New("practice and live must not mix")}
	}
	n, kept := noted(it)
	if !kept {
		n = note{Instant: s.instant(entry), Sent: s.Clock.Now().Wall, Software: s.Software}
	}
	bundle, err := fhir.Encode(entry, fhir.Context{
		Kiosk: s.Kiosk, Base: s.Base, Software: n.Software, Zone: s.Zone, Instant: n.Instant, Sent: n.Sent,
	})
	if err != nil {
		return nil, unfitError{err}
	}
	if !kept {
		err = s.keep(ctx, it, n)
	}
	return wire.Pack(bundle, s.Compress), err
}

// instant says when an entry came about, as well as that is known now. A boot whose clock was wrong by decades knew nothing: only that it
// was before the present.
func (s *session) instant(e reading.Entry) clock.Instant {
	i := s.Clock.Resolve(e.Taken())
	if !wasSet(i.Time) {
		now := s.Clock.Now().Wall
		i = clock.Instant{Time: now, Source: clock.None, NotAfter: now}
	}
	return i
}

func practice(e reading.Entry) bool {
	if e.Retraction != nil {
		return e.Retraction.Of.Practice
	}
	return e.Reading.Practice
}

// noted returns the item's note, if it has one.
func noted(it queue.Item) (note, bool) {
	var n note
	ok := len(it.Note) > 0 && json.Unmarshal(it.Note, &n) == nil
	return n, ok
}

func (s *session) keep(ctx context.Context, it queue.Item, n note) error {
	raw, err := json.Marshal(n)
	if err != nil {
		return unfitError{err}
	}
	return s.Queue.Note(ctx, it.Seq, raw)
}
