package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"nabz/firmware/reading"
)

// The parts of a live session, below {root}/{kiosk}/live/{session}/. All are QoS 0 and none is of use later.
const (
	LiveNumbers = "num" // Numerics, once a second
	LiveWave    = "ppg" // Frame, four a second
)

// LiveTopic is a part of a session: LiveTopic(root, "bhu-1", session, LiveWave). A session of "+" is every one.
func LiveTopic(root, kiosk, session, part string) string {
	return Topic(root, kiosk, "live/"+session+"/"+part)
}

// SplitLive takes the part of Split apart; false when it is none of a live session.
func SplitLive(part string) (session, live string, ok bool) {
	rest, ok := strings.CutPrefix(part, "live/")
	if !ok {
		return "", "", false
	}
	session, live, ok = strings.Cut(rest, "/")
	return session, live, ok && session != "" && live != ""
}

// Mode is how much of a session is sent.
type Mode string

// The modes. On a link that does not carry one, the next is sent.
const (
	ModeWave    Mode = "wave"    // numbers and the pulse wave
	ModeNumbers Mode = "numbers" // numbers once a second
	ModeSummary Mode = "summary" // numbers every ten seconds
)

// VisitOpened says whose numbers a live session shows. It goes with QoS 1 before the first of them, and again every ten seconds with QoS 0: whoever comes later
// must know too. What it says comes from the visit as the kiosk keeps it, so it is as durable as that.
type VisitOpened struct {
	Event   string             `json:"event"` // EventVisitOpened
	Visit   string             `json:"visit"`
	Session string             `json:"session"`
	Patient reading.PatientRef `json:"patient"`
}

// EventVisitOpened is VisitOpened.Event.
const EventVisitOpened = "visit-opened"

// VisitSealed is the same event where the broker must not know whose the session is.
type VisitSealed struct {
	Event   string `json:"event"` // EventVisitOpened
	Session string `json:"session"`
	Box     []byte `json:"box"` // a SessionKey, sealed under SessionLabel
}

// SessionKey is what is sealed: whose the session is, and what opens its live messages.
type SessionKey struct {
	VisitOpened
	Key []byte `json:"key"`
}

// SessionLabel is what a SessionKey is sealed under.
func SessionLabel(kiosk, session string) string { return "session " + kiosk + " " + session }

// ParseVisitSealed reads the event, where it is sealed.
func ParseVisitSealed(b []byte) (v VisitSealed, sealed bool) {
	err := json.Unmarshal(b, &v)
	return v, err == nil && v.Event == EventVisitOpened && len(v.Box) > 0
}

// ParseSessionKey reads what was sealed, which has to be of that session.
func ParseSessionKey(b []byte, session string) (SessionKey, error) {
	var k SessionKey
	if json.Unmarshal(b, &k) != nil {
		return SessionKey{}, errors.New("event: not JSON")
	}
	v, err := ParseVisitOpened(b)
	if err == nil && v.Session != session {
		err = errors.New("event: of another session")
	}
	k.VisitOpened = v
	return k, err
}

// ParseVisitOpened reads it. Other events are errors, and so is one that names nobody.
func ParseVisitOpened(b []byte) (VisitOpened, error) {
	var v VisitOpened
	if err := json.Unmarshal(b, &v); err != nil {
		return VisitOpened{}, errors.New("event: not JSON") // the decoder's words could hold a patient's
	}
	switch p, err := v.Patient.Normal(); {
	case v.Event != EventVisitOpened:
		return VisitOpened{}, fmt.Errorf("event: unknown: %q", v.Event)
	case v.Visit == "" || v.Session == "":
		return VisitOpened{}, errors.New("event: a visit without a name")
	case err != nil:
		return VisitOpened{}, fmt.Errorf("event: %w", err)
	default:
		v.Patient = p
		return v, nil
	}
}

// Number is one live value with its age when it was sent.
type Number struct {
	V   int  `json:"v"`
	Age int  `json:"age"`         // ms
	Q   bool `json:"q,omitempty"` // questionable: the device or the exam doubts it
}

// Numerics is what the devices say now. A value that is older than ten seconds is left out: it must not be read as live.
type Numerics struct {
	Visit   string    `json:"visit"` // empty: nobody is being measured
	Seq     uint32    `json:"seq"`   // by one for each that the kiosk made, sent or not
	At      time.Time `json:"at"`    // by the kiosk's clock
	Up      int64     `json:"up"`    // ms since the kiosk's boot: a clock that does not jump tells what was held up on the way
	Mode    Mode      `json:"mode"`  // what is being sent
	Step    string    `json:"step"`  // of the visit
	SpO2    *Number   `json:"spo2,omitempty"`
	Pulse   *Number   `json:"pulse,omitempty"` // of the oximeter, a minute
	PI      *Number   `json:"pi,omitempty"`    // perfusion index, hundredths of a per cent
	Cuff    *Number   `json:"cuff,omitempty"`  // pressure, mmHg
	Celsius *Number   `json:"temp,omitempty"`  // thousandths of a degree
	Flags   []string  `json:"flags,omitempty"` // what the oximeter says of itself, as vitals.Flags names it
}

// ParseNumerics reads what the devices say.
func ParseNumerics(b []byte) (Numerics, error) {
	var n Numerics
	if err := json.Unmarshal(b, &n); err != nil {
		return Numerics{}, fmt.Errorf("numerics: %w", err)
	}
	for _, v := range []*Number{n.SpO2, n.Pulse, n.PI, n.Cuff, n.Celsius} {
		if v != nil && v.Age < 0 {
			return Numerics{}, errors.New("numerics: a value from the future")
		}
	}
	switch n.Mode {
	case ModeWave, ModeNumbers, ModeSummary:
		return n, nil
	}
	return Numerics{}, fmt.Errorf("numerics: unknown mode %q", n.Mode)
}
