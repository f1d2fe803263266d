package uplink

import (
	"encoding/json"
	"errors"
	"time"

	"nabz/firmware/reading"
	"nabz/firmware/seal"
	"nabz/firmware/wire"
)

// Sealing is how a kiosk closes what is about patients to the clinic, and signs it.
type Sealing interface {
	// Envelope seals an entry that waits from before the kiosk sealed.
	Envelope(e reading.Entry) (reading.Envelope, error)
	// Seal seals anything to the clinic, under a label that says what it is.
	Seal(label string, plain []byte) ([]byte, error)
	// Signer has the key of the kiosk's certificate.
	Signer() *seal.Signer
	// Certificate is that certificate, DER; the clinic gets it with each hello.
	Certificate() []byte
}

// signed is an envelope as it goes to the clinic: with what it is first sent with, under the kiosk's signature.
func (s *session) signed(env reading.Envelope, n note) ([]byte, error) {
	_, zone := time.Time{}.In(s.Zone).Zone()
	signer := s.Sealing.Signer()
	return signer.Sign(wire.Sealed{
		SealedHead: wire.SealedHead{
			ID: wire.BundleID(s.Kiosk, env.ID), Key: signer.ID, At: n.Instant, Sent: n.Sent, Software: n.Software, Zone: zone,
		}, Box: env.Box,
	}.Marshal())
}

// closed is a live session under seal: a key of its own, which goes to the clinic in each word of whose session it is.
type closed struct {
	key    []byte
	stream *seal.Stream
}

func newClosed() *closed {
	key, stream := seal.BeginStream()
	return &closed{key, stream}
}

// opened is the word of whose a session is.
func (m *maker) opened(s Sight) ([]byte, error) {
	v := wire.VisitOpened{Event: wire.EventVisitOpened, Visit: m.visit, Session: m.id, Patient: s.Patient}
	if m.closed == nil {
		return wire.Encode(v), nil
	}
	inner, err := json.Marshal(wire.SessionKey{VisitOpened: v, Key: m.closed.key})
	if err != nil {
		return nil, err
	}
	box, err := m.Sealing.Seal(wire.SessionLabel(m.Kiosk, m.id), inner)
	if err != nil {
		return nil, err
	}
	return wire.Encode(wire.VisitSealed{Event: wire.EventVisitOpened, Session: m.id, Box: box}), nil
}

// cover closes a live message, if this kiosk seals.
func (m *maker) cover(part string, payload []byte) []byte {
	if m.closed == nil {
		return payload
	}
	return m.closed.stream.Seal(part, payload)
}

// readable opens a command's text.
func (s *session) readable(c wire.Command) (wire.Command, error) {
	if len(c.Box) == 0 {
		return c, nil
	}
	if s.Sealing == nil {
		return c, errors.New("it is sealed, and this kiosk has no key")
	}
	text, err := s.Sealing.Signer().Open(wire.CommandLabel(c.ID), c.Box)
	if err != nil {
		return c, err
	}
	c.Text, c.Box = string(text), nil
	return c, c.Check()
}
