package relay

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
