package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nabz/firmware/clock"
)

// Sealed is an entry on its way, in a form of up/obs that the broker cannot read. The clinic opens the box and encodes FHIR itself. Integers are big-endian:
//
//	0 "ns"   magic
//	2 u8     version, 1
//	3 u16    length of the head
//	5 ...    head, JSON
//	  ...    box: the entry as PackEntry made it, sealed under the label SealedLabel
//	 -64     signature over all before it, by the key of the kiosk's certificate
type Sealed struct {
	SealedHead
	Box []byte
}

// SealedHead is what is outside of the seal.
type SealedHead struct {
	ID       string        `json:"id"`   // Bundle.identifier
	Key      string        `json:"key"`  // of the kiosk's certificate: 8 bytes of the SHA-256 of its public key, in hexadecimal
	At       clock.Instant `json:"at"`   // when it was taken, repaired as well as the kiosk could when it was first sent
	Sent     time.Time     `json:"sent"` // when it was first sent
	Software string        `json:"sw"`   // version that sent it first
	Zone     int           `json:"zone"` // seconds east of UTC
}

const (
	sealedVersion  = 1
	sealedHeadSize = 5
)

var sealedMagic = []byte("ns")

// SealedLabel is what an entry of that Bundle's id is sealed under: no entry can take another's place.
func SealedLabel(bundle string) string { return "entry " + bundle }

// Marshal writes everything but the signature.
func (s Sealed) Marshal() []byte {
	head := Encode(s.SealedHead)
	b := binary.BigEndian.AppendUint16(append(bytes.Clone(sealedMagic), sealedVersion), uint16(len(head)))
	return append(append(b, head...), s.Box...)
}

// IsSealed says whether a payload of up/obs is sealed.
func IsSealed(payload []byte) bool { return bytes.HasPrefix(payload, sealedMagic) }

// ParseSealed reads a payload whose signature, of that many bytes, is still to be checked: the head says by which key.
func ParseSealed(payload []byte, signature int) (Sealed, error) {
	if !IsSealed(payload) || len(payload) < sealedHeadSize+signature {
		return Sealed{}, errors.New("sealed: cut short")
	}
	if payload[2] != sealedVersion {
		return Sealed{}, fmt.Errorf("sealed: form %d: the kiosk is newer than this clinic", payload[2])
	}
	n := int(binary.BigEndian.Uint16(payload[3:]))
	rest := payload[sealedHeadSize : len(payload)-signature]
	if n > len(rest) {
		return Sealed{}, errors.New("sealed: cut short")
	}
	var s Sealed
	if err := json.Unmarshal(rest[:n], &s.SealedHead); err != nil || s.ID == "" || s.Key == "" {
		return Sealed{}, errors.New("sealed: its head cannot be read")
	}
	if s.Zone < -18*3600 || s.Zone > 18*3600 {
		return Sealed{}, errors.New("sealed: a zone that is nowhere")
	}
	s.Box = rest[n:]
	return s, nil
}
