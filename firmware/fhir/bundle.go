package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
)

// MaxSize is the largest Bundle in bytes that Encode makes and Check takes: 64 KiB, our own limit. A usual one has 5 to 9 KB.
const MaxSize = 64 << 10

// ErrTooLarge is a Bundle above MaxSize.
var ErrTooLarge = errors.New("bundle is larger than 64 KiB")

type bundle struct {
	ResourceType string     `json:"resourceType"`
	Meta         *meta      `json:"meta,omitempty"`
	Identifier   identifier `json:"identifier"`
	Type         string     `json:"type"`
	Timestamp    string     `json:"timestamp,omitempty"`
	Entry        []entry    `json:"entry,omitempty"`
}

type entry struct {
	FullURL  string   `json:"fullUrl,omitempty"`
	Resource resource `json:"resource"`
	Request  request  `json:"request"`
}

type request struct {
	Method      string `json:"method,omitempty"`
	URL         string `json:"url,omitempty"`
	IfNoneExist string `json:"ifNoneExist,omitempty"`
}

// resource is one of patient, device and observation.
type resource interface {
	kind() string
	metadata() *meta
	identifiers() []identifier
}

// create asks for a resource unless the record has one with its identifier.
func create(url string, r resource) entry {
	return entry{FullURL: url, Resource: r, Request: request{
		Method: "POST", URL: r.kind(), IfNoneExist: condition(first(r)),
	}}
}

// update asks to replace the Observation with that identifier, or to create it.
func update(url string, o *observation) entry {
	return entry{FullURL: url, Resource: o, Request: request{Method: "PUT", URL: updateURL(first(o))}}
}

// first is the identifier that a resource is found by: its first, or nothing.
func first(r resource) Identifier {
	ids := r.identifiers()
	if len(ids) == 0 {
		return Identifier{}
	}
	return Identifier{System: ids[0].System, Value: ids[0].Value}
}

// UnmarshalJSON reads the resource by its type; of an unknown type it reads none.
func (e *entry) UnmarshalJSON(b []byte) error {
	var raw struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Request  request         `json:"request"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*e = entry{FullURL: raw.FullURL, Request: raw.Request}
	if len(raw.Resource) == 0 {
		return nil
	}
	var head struct {
		ResourceType string `json:"resourceType"`
	}
	if err := json.Unmarshal(raw.Resource, &head); err != nil {
		return err
	}
	if e.Resource = newResource(head.ResourceType); e.Resource == nil {
		return nil
	}
	return json.Unmarshal(raw.Resource, e.Resource)
}

// newResource is an empty resource of that type, or nil.
func newResource(kind string) resource {
	switch kind {
	case "Patient":
		return &patient{}
	case "Device":
		return &device{}
	case "Observation":
		return &observation{}
	}
	return nil
}

// marshal writes one line, with <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
