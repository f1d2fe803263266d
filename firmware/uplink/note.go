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
	entry, env, err := s.entry(it)
	if err != nil {
		return nil, unfitError{err}
	}
	if env.Practice != s.Practice {
		return nil, unfitError{errors.New("practice and live must not mix")}
	}
	n, kept := noted(it)
	if !kept {
		n = note{Instant: s.instant(env.Taken), Sent: s.Clock.Now().Wall, Software: s.Software}
	}
	var payload []byte
	if len(env.Box) > 0 {
		payload, err = s.signed(env, n)
	} else {
		payload, err = s.bundle(entry, n)
	}
	if err != nil {
		return nil, unfitError{err}
	}
	if !kept {
		err = s.keep(ctx, it, n)
	}
	return payload, err
}

// entry reads an item. What waits from before a kiosk sealed is sealed now; the box is empty where nothing is.
func (s *session) entry(it queue.Item) (e reading.Entry, env reading.Envelope, err error) {
	sealed, err := reading.DecodeEnvelope(it.Payload)
	switch {
	case err != nil:
		return e, env, err
	case sealed != nil && s.Sealing == nil:
		return e, env, errors.New("it is sealed, and this kiosk no longer has what signs it: give [broker] seal_to again")
	case sealed != nil:
		return e, *sealed, nil
	}
	if e, err = reading.Decode(it.Payload); err != nil {
		return e, env, err
	}
	if s.Sealing == nil {
		return e, e.Cover(), nil
	}
	env, err = s.Sealing.Envelope(e)
	return e, env, err
}

// bundle is an entry for a clinic, or anybody else, that reads FHIR.
func (s *session) bundle(e reading.Entry, n note) ([]byte, error) {
	b, err := fhir.Encode(e, fhir.Context{Kiosk: s.Kiosk, Base: s.Base, Software: n.Software, Zone: s.Zone, Instant: n.Instant, Sent: n.Sent})
	return wire.Pack(b, s.Compress), err
}

// instant says when an entry came about, as well as that is known now. A boot whose clock was wrong by decades knew nothing: only that it
// was before the present.
func (s *session) instant(taken clock.Stamp) clock.Instant {
	i := s.Clock.Resolve(taken)
	if !wasSet(i.Time) {
		now := s.Clock.Now().Wall
		i = clock.Instant{Time: now, Source: clock.None, NotAfter: now}
	}
	return i
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
