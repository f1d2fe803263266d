package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Status is what became of a Bundle at the clinic.
type Status string

// The statuses. Only Stored and Duplicate let a reading leave the queue; Rejected parks it.
const (
	Stored    Status = "stored"    // the record has it
	Duplicate Status = "duplicate" // the record had it already
	Rejected  Status = "rejected"  // the record will never take it as it is
	Retry     Status = "retry"     // not now; send it again
	Seen      Status = "seen"      // a doctor opened it
)

// Ack is the clinic's receipt for one Bundle. Receipts may be lost and repeated.
type Ack struct {
	ID     string    `json:"id"` // Bundle.identifier.value
	Status Status    `json:"status"`
	Reason []string  `json:"reason,omitempty"` // for people; no patient data
	Loc    []string  `json:"loc,omitempty"`    // what was stored: "Observation/123"
	By     string    `json:"by"`               // the clinic's name
	Now    time.Time `json:"now"`              // the clinic's clock
}

// State is the kiosk's retained state. Its will is the same with St offline, so a will whose Session is not the last one seen is old.
type State struct {
	St      string `json:"st"`   // Online or Offline
	Boot    string `json:"boot"` // the kernel's boot id
	Session string `json:"sess"` // new at each connection
	SW      string `json:"sw"`
	Queued  int    `json:"q"`                // waiting
	Parked  int    `json:"parked"`           // refused, waiting for a person
	Clock   string `json:"clk"`              // clock.Source
	Storage string `json:"store,omitempty"`  // room for readings: StorageLow, StorageFull, or empty
	Oldest  int64  `json:"oldest,omitempty"` // when the oldest that waits was put, Unix seconds by the kiosk's clock
	Missing string `json:"lost,omitempty"`   // devices that do not answer, parted by spaces
	Power   string `json:"pow,omitempty"`    // "mains" or "battery"; empty when nothing tells
	Charge  int    `json:"chg,omitempty"`    // of the battery, per cent in steps of five; 0 when nothing tells
	Profile uint64 `json:"prof,omitempty"`   // version of the site profile in use
	Refused uint64 `json:"bad,omitempty"`    // version that this kiosk has taken back
	Ends    int64  `json:"ends,omitempty"`   // of a certificate that should have been renewed by now: its end, Unix seconds
	Card    string `json:"card,omitempty"`   // CardWorn, CardErrors, or empty: nothing is known to be wrong
}

// The two values of State.St and ClinicState.St.
const (
	Online  = "online"
	Offline = "offline"
)

// The values of State.Storage beside "".
const (
	StorageLow  = "low"  // 80 % of the room for readings is taken
	StorageFull = "full" // no new visit begins
)

// The values of State.Card beside "".
const (
	CardWorn   = "worn"   // at the end of its life: replace it soon
	CardErrors = "errors" // its file system has met errors: replace it now
)

// Storage turns how full a kiosk is (1 is the limit) into State.Storage. What was told before stays until 75 %, so that it does not come
// and go.
func Storage(full float64, before string) string {
	switch {
	case full >= 1:
		return StorageFull
	case full >= 0.8, full >= 0.75 && before != "":
		return StorageLow
	}
	return ""
}

// ClinicState is the clinic's retained state: a kiosk sends at once when it turns online.
type ClinicState struct {
	St      string `json:"st"`
	Session string `json:"sess"`
}

// Hello asks the clinic for the time.
type Hello struct {
	Nonce string `json:"nonce"`
	Cert  []byte `json:"cert,omitempty"`  // the kiosk's certificate, DER, where it signs what it sends
	Check bool   `json:"check,omitempty"` // and how the record is: a technician asks
}

// HelloReply answers a Hello; its uncertainty is the round trip that the kiosk measured.
type HelloReply struct {
	Nonce string    `json:"nonce"`
	Now   time.Time `json:"now"`

	Record *RecordState `json:"record,omitempty"` // answers Hello.Check
}

// RecordState is what the record says it can do: its CapabilityStatement (FHIR R4, "capabilities"), asked now.
type RecordState struct {
	Software string `json:"software,omitempty"`
	FHIR     string `json:"fhir,omitempty"` // version
	Why      string `json:"why,omitempty"`  // it does not say that; empty when it does
}

// Encode writes any of the messages above.
func Encode(m any) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("wire: %T does not encode: %v", m, err)) // plain structs: cannot happen
	}
	return b
}

// ParseAck reads a receipt. An unknown status is an error: acting on it could lose a reading.
func ParseAck(b []byte) (Ack, error) {
	var a Ack
	if err := json.Unmarshal(b, &a); err != nil {
		return Ack{}, fmt.Errorf("receipt: %w", err)
	}
	switch a.Status {
	case Stored, Duplicate, Rejected, Retry, Seen:
	default:
		return Ack{}, fmt.Errorf("receipt for %s: unknown status %q", a.ID, a.Status)
	}
	if a.ID == "" {
		return Ack{}, errors.New("receipt without an id")
	}
	return a, nil
}

// Parse reads a State, ClinicState, Hello or HelloReply.
func Parse[T State | ClinicState | Hello | HelloReply](b []byte) (T, error) {
	var m T
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("%T: %w", m, err)
	}
	return m, nil
}
