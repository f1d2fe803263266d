package relay

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"nabz/firmware/seal"
)

// question is what a replica asks; answer what it is told.
type question struct {
	ID   string          `json:"id"`
	Op   string          `json:"op"`
	With json.RawMessage `json:"with"`
}

type answer struct {
	ID      string          `json:"id"`
	OK      bool            `json:"ok"`
	Unknown bool            `json:"unknown,omitempty"` // chart.ErrUnknown
	Why     string          `json:"why,omitempty"`     // for the log; no patient
	With    json.RawMessage `json:"with,omitempty"`
}

// most is how large a message may be: what a broker takes at least (wire.md, 262,144 bytes), with room for its topic.
const most = 256 << 10

// mostUnpacked bounds what a message may become.
const mostUnpacked = 16 << 20

var errTooLarge = errors.New("larger than the broker takes")

func pack(v any) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(v), z.Close()); err != nil {
		return nil, err
	}
	if b.Len() > most {
		return nil, errTooLarge
	}
	return b.Bytes(), nil
}

// unpack reads a message. Its error shows nothing of it.
func unpack[T any](raw []byte) (v T, err error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return v, errors.New("a relayed message is not compressed")
	}
	text, err := io.ReadAll(io.LimitReader(z, mostUnpacked+1))
	if err != nil || len(text) > mostUnpacked {
		return v, fmt.Errorf("a relayed message breaks off or has more than %d bytes", mostUnpacked)
	}
	if json.Unmarshal(text, &v) != nil {
		return v, errors.New("a relayed message is not JSON")
	}
	return v, nil
}

// shut seals a message to the clinic's own key, which its replicas have too: what it says of patients is not the broker's. Without keys it goes as it is.
func shut(keys []seal.Private, raw []byte) ([]byte, error) {
	if len(keys) == 0 {
		return raw, nil
	}
	return seal.Seal([]seal.Public{keys[0].Public()}, label, raw)
}

// opened undoes shut. A message that is not sealed, where keys are, is nobody's of ours.
func opened(keys []seal.Private, raw []byte) ([]byte, error) {
	if len(keys) == 0 {
		return raw, nil
	}
	return seal.Open(keys, label, raw)
}

const label = "replica"
