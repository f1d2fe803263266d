package wire

import (
	"encoding/json"
	"errors"
	"time"
)

// EventAudit is lines of the kiosk's own record of who did what, on up/evt. It names nobody's patient and no value.
const EventAudit = "audit"

// DownAudit is the part of a kiosk's tree on which the clinic says how far it has that record: AuditNext.
const DownAudit = "down/audit"

// Audit is some lines, in order. Without lines it asks how far the clinic has them.
type Audit struct {
	Event string      `json:"event"` // EventAudit
	Lines []AuditLine `json:"lines,omitempty"`
}

// AuditLine is a line as it stands in the record, and when that was, as well as the kiosk knows now.
type AuditLine struct {
	Line string    `json:"line"`
	At   time.Time `json:"at,omitzero"` // zero: the clock of that boot was never set
}

// AuditNext is the number of the line that the clinic lacks.
type AuditNext struct {
	Next uint64 `json:"next"`
}

// MostAuditLines is how many lines go at once: readings wait behind them.
const MostAuditLines = 50

// ParseAudit reads the event.
func ParseAudit(b []byte) (Audit, error) {
	var a Audit
	if json.Unmarshal(b, &a) != nil || a.Event != EventAudit || len(a.Lines) > MostAuditLines {
		return Audit{}, errors.New("audit: not one, or too much at once")
	}
	return a, nil
}

// ParseAuditNext reads the clinic's answer.
func ParseAuditNext(b []byte) (AuditNext, error) {
	var n AuditNext
	if json.Unmarshal(b, &n) != nil {
		return AuditNext{}, errors.New("audit: no number came")
	}
	return n, nil
}
