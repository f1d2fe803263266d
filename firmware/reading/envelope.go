package reading

import (
	"encoding/json"
	"errors"
	"fmt"

	"nabz/firmware/clock"
)

// Envelope is an entry that the kiosk itself cannot read: it was sealed to the clinic when it came about. What is outside the seal is what the kiosk needs to send
// it: under which id, and when it was taken, so that the time can still be repaired.
type Envelope struct {
	ID       string      `json:"id"`
	Kind     string      `json:"kind"`
	Practice bool        `json:"practice,omitempty"`
	Taken    clock.Stamp `json:"taken"`
	Box      []byte      `json:"box"` // the sealed entry
}

const sealedVersion = 2

type envelopeForm struct {
	Version int       `json:"v"`
	Sealed  *Envelope `json:"sealed"`
}

// Encode writes an envelope as a payload of the queue.
func (e Envelope) Encode() ([]byte, error) { return json.Marshal(envelopeForm{sealedVersion, &e}) }

// Cover is an envelope's outside for an entry.
func (e Entry) Cover() Envelope {
	r := e.Reading
	kind := "retraction"
	if e.Retraction != nil {
		r = &e.Retraction.Of
	} else {
		kind = r.Measurement.Kind().String()
	}
	return Envelope{ID: e.ID(), Kind: kind, Practice: r.Practice, Taken: e.Taken()}
}

// DecodeEnvelope reads an envelope; nil when the payload is an entry that is not sealed.
func DecodeEnvelope(payload []byte) (*Envelope, error) {
	var v struct {
		Version int `json:"v"`
	}
	if json.Unmarshal(payload, &v) != nil || v.Version < sealedVersion {
		return nil, nil
	}
	var f envelopeForm
	if json.Unmarshal(payload, &f) != nil || f.Version != sealedVersion || f.Sealed == nil {
		return nil, fmt.Errorf("decode entry: form %d, this version knows %d: update the kiosk", v.Version, sealedVersion)
	}
	if f.Sealed.ID == "" || len(f.Sealed.Box) == 0 {
		return nil, errors.New("decode entry: an envelope without id or contents")
	}
	return f.Sealed, nil
}
