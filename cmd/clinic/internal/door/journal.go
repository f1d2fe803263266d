package door

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Journal is the audit as a file of FHIR R4 AuditEvents, one a line. It is safe for concurrent use.
type Journal struct {
	clinic string
	base   string // prefix of the deployment's identifier systems

	mu sync.Mutex
	f  *os.File
}

// OpenJournal opens {dir}/audit.ndjson, making it when it is not there. A last line that a power cut left without its end is cut off: nobody was told
// that it was written.
func OpenJournal(dir, clinic, base string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "audit.ndjson"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	if err := trim(f); err != nil {
		return nil, errors.Join(fmt.Errorf("open audit: %w", err), f.Close())
	}
	return &Journal{clinic: clinic, base: base, f: f}, nil
}

// trim cuts a torn last line off and goes to the end.
func trim(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	for b := make([]byte, 1); end > 0; end-- {
		if _, err := f.ReadAt(b, end-1); err != nil {
			return err
		}
		if b[0] == '\n' {
			break
		}
	}
	if end < info.Size() {
		if err := errors.Join(f.Truncate(end), f.Sync()); err != nil {
			return err
		}
	}
	_, err = f.Seek(end, 0)
	return err
}

// Close closes it.
func (j *Journal) Close() error { return j.f.Close() }

// Note writes an event; nil means that it is on stable storage.
func (j *Journal) Note(e Event) error {
	return j.write(j.resource(e))
}

func (j *Journal) write(a auditEvent) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	return nil
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type reference struct {
	Identifier identifier `json:"identifier"`
}

type agent struct {
	Who       reference `json:"who"`
	Requestor bool      `json:"requestor"`
}

type entity struct {
	What reference `json:"what"`
}

// auditEvent is a FHIR R4 AuditEvent, as far as it is used.
type auditEvent struct {
	ResourceType string   `json:"resourceType"`
	Type         coding   `json:"type"`
	Subtype      []coding `json:"subtype,omitempty"`
	Action       string   `json:"action"`
	Recorded     string   `json:"recorded"`
	Outcome      string   `json:"outcome"`
	OutcomeDesc  string   `json:"outcomeDesc,omitempty"`
	Agent        []agent  `json:"agent"`
	Source       struct {
		Observer reference `json:"observer"`
	} `json:"source"`
	Entity []entity `json:"entity,omitempty"`
}

const dicom = "http://dicom.nema.org/resources/ontology/DCM"

// kinds are what an event is called there (DICOM PS3.16, CID 400 and 401).
var kinds = map[string]struct {
	kind, sub coding
	action    string
}{
	"sign-in":  {coding{dicom, "110114", "User Authentication"}, coding{dicom, "110122", "Login"}, "E"},
	"sign-out": {coding{dicom, "110114", "User Authentication"}, coding{dicom, "110123", "Logout"}, "E"},
	"come-in":  {coding{dicom, "110113", "Security Alert"}, coding{dicom, "110126", "Node Authentication"}, "E"},
	"look":     {coding{dicom, "110110", "Patient Record"}, coding{}, "R"},
	"open":     {coding{dicom, "110110", "Patient Record"}, coding{}, "R"},
}

func (j *Journal) resource(e Event) auditEvent {
	k, known := kinds[e.Did]
	if !known {
		k.kind, k.action = coding{dicom, "110100", "Application Activity"}, "E"
	}
	a := auditEvent{ResourceType: "AuditEvent", Type: k.kind, Action: k.action, Recorded: e.At.UTC().Format(time.RFC3339Nano), Outcome: "0", OutcomeDesc: e.Why}
	if k.sub.Code != "" {
		a.Subtype = []coding{k.sub}
	}
	if !e.OK {
		a.Outcome = "4" // minor failure: it was refused
	}
	who := e.Who
	if who == "" {
		who = "unknown"
	}
	a.Agent = []agent{{reference{identifier{j.base + "/account", who}}, true}}
	a.Source.Observer.Identifier = identifier{j.base + "/clinic", j.clinic}
	if e.Kiosk != "" {
		a.Entity = []entity{{reference{identifier{j.base + "/kiosk", e.Kiosk}}}}
	}
	if e.Visit != "" {
		a.Entity = append(a.Entity, entity{reference{identifier{j.base + "/visit", e.Visit}}})
	}
	for _, id := range e.Of {
		a.Entity = append(a.Entity, entity{reference{identifier{j.base + "/reading", id}}})
	}
	return a
}
