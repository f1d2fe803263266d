package screen

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/audit"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/reading"
	"nabz/firmware/workers"
)

// Backend is the kiosk behind the screen. Its methods are safe for concurrent use.
type Backend interface {
	// State is everything at this moment.
	State() (State, error)
	// Open starts a visit. ErrBusy when one is in progress, ErrFull when there is no room for its readings, ErrLow when the battery is nearly empty, ErrInput when an identifier is not one.
	Open(ctx context.Context, who exam.Identify) (exam.View, error)
	// Do steps the visit of that id and returns it as it then is, durably. ErrStale when it is not the one in progress.
	Do(ctx context.Context, visit string, w exam.What) (exam.View, error)
	// Evidence is the capture of the device's line that a reading came from; ErrNone when nothing is kept.
	Evidence(entry string) ([]byte, error)
	// Wave are the samples of the oximeter's pulse wave after the one with that number, -1 where some are missing; how many come a second; and
	// the number of the newest.
	Wave(after uint64) (samples []int, rate int, newest uint64)
	// Remember keeps the screen's session durably, sealed; Remembered returns it, nil when there is none.
	Remember(session []byte) error
	Remembered() ([]byte, error)
	// Past are the visits of the day that are over, newest first.
	Past() ([]Past, error)
	// Amend steps a visit that is over: it is withdrawn, or a number in it corrected.
	Amend(ctx context.Context, visit string, w exam.What) error
	// Find completes a patient's identifier with what an earlier visit of the newest ones knows; false when there is none.
	Find(p reading.PatientRef) (reading.PatientRef, bool, error)
	// Workers are the accounts.
	Workers() *workers.Register
	// Note records acts in the audit, durably.
	Note(acts ...audit.Entry) error
	// Audit copies the record of acts.
	Audit(w io.Writer) error
	// TakeAlong is what a technician takes along, without patients, in JSON; Export writes it to a stick and says where.
	TakeAlong() ([]byte, error)
	Export() (string, error)
	// Practise is a kiosk with simulated devices and storage of its own, for a lesson; the one before ends. An empty lesson ends it.
	Practise(lesson string) (Backend, error)
	// Check runs the bench's quick check and gives its report; it takes some seconds.
	Check(ctx context.Context) (json.RawMessage, error)
	// Items lists the queue: "waiting", "parked" or "delivered".
	Items(state string, limit int) ([]Item, error)
	// Release lets a parked item be sent again.
	Release(ctx context.Context, seq uint64) error
	// RequestShown notes that a doctor's request was on the screen before a worker; RequestDone, that she has read it or does it.
	RequestShown(id string) error
	RequestDone(id, operator string) error
}

// Identity is who the kiosk is to others, for the technician.
type Identity struct {
	Sealed  bool      `json:"sealed"`            // only the clinic can read what leaves; false is the plain mode
	Until   time.Time `json:"until,omitzero"`    // the end of the certificate; zero without one
	Ends    bool      `json:"ends,omitempty"`    // it should have been renewed by now
	Profile uint64    `json:"profile,omitempty"` // version of the site profile in use
	Refused uint64    `json:"refused,omitempty"` // version that was taken back
}

// Errors that a Backend gives for what a person may do about it.
var (
	ErrBusy  = errors.New("a visit is in progress: finish or cancel it first")
	ErrFull  = errors.New("no room for readings: finish this visit, start no other, and call the technician")
	ErrLow   = errors.New("the battery is nearly empty: nothing new is measured; wait for the mains")
	ErrInput = errors.New("not accepted")
	ErrNone  = errors.New("there is none")
	ErrStale = errors.New("this visit is not in progress any more: reload the page")
)

// State is everything a screen shows.
type State struct {
	Kiosk    string        `json:"kiosk"`
	Version  string        `json:"version"`
	Practice bool          `json:"practice"`
	Visit    *exam.View    `json:"visit"`
	Live     Live          `json:"live"`
	Devices  []live.Device `json:"devices"`
	Receipts []Receipt     `json:"receipts"` // of the newest visits, oldest first
	Link     Link          `json:"link"`
	Queue    Queue         `json:"queue"`
	Clock    Clock         `json:"clock"`
	Power    Power         `json:"power"`
	Identity Identity      `json:"identity"`
	Trouble  Trouble       `json:"trouble,omitzero"`
	Bench    Bench         `json:"-"`                  // of the newest quick check
	Requests []Request     `json:"-"`                  // of doctors, that wait for somebody here, oldest first
	Starting bool          `json:"-"`                  // of a practice: the power is away
	Language string        `json:"-"`                  // until somebody signs in
	NotSaved string        `json:"notSaved,omitempty"` // why readings are not being saved; "write it down" is then the way on
}

// Request is what a doctor asks of the people here.
type Request struct {
	ID, Kind, Step, Text, By string
	Came                     time.Time // zero when that is not known
	Visit                    string    // which it is about; empty when that is not known here
	Patient                  reading.PatientRef
}

// Past is a visit that is over.
type Past struct {
	ID       string
	Patient  reading.PatientRef
	Operator string
	Began    time.Time // zero when that is not known
	View     exam.View
	Reached  int  // the step that all its entries have reached: 0 none, 1 saved, 2 sent, 3 recorded, 4 seen
	Parked   bool // a person has to look at one
}

// Receipt is one entry's way, each step with the time when it was reached, or null.
type Receipt struct {
	Entry      string     `json:"entry"`
	Visit      string     `json:"visit"`
	Kind       string     `json:"kind"`
	Saved      *time.Time `json:"saved"`
	Sent       *time.Time `json:"sent"`
	Recorded   *time.Time `json:"recorded"`
	Seen       *time.Time `json:"seen"`
	Parked     string     `json:"parked,omitempty"`
	Superseded string     `json:"superseded,omitempty"`
}

// Link says how far a reading could get now.
type Link struct {
	Broker bool      `json:"broker"`
	Clinic bool      `json:"clinic"`
	Since  time.Time `json:"since,omitzero"`
	Why    string    `json:"why,omitempty"`
}

// Queue counts what is on this kiosk.
type Queue struct {
	Waiting   int       `json:"waiting"`
	Urgent    int       `json:"urgent"`
	Parked    int       `json:"parked"`
	Delivered int       `json:"delivered"`
	Oldest    time.Time `json:"oldest,omitzero"` // wall clock when the oldest waiting item was put
	Bytes     int64     `json:"bytes"`
	Full      float64   `json:"full"` // share of the room that is taken: from 0.8 on the worker is told, at 1 no visit begins
}

// Clock says how far the time is to be trusted.
type Clock struct {
	Source      string `json:"source"`
	Uncertainty string `json:"uncertainty"`
}

// Power says what feeds the box.
type Power struct {
	Source string `json:"source,omitempty"` // "mains", "battery", or empty when nothing tells
	Charge *int   `json:"charge,omitempty"` // of the battery, per cent
	Low    bool   `json:"low,omitempty"`    // no visit begins, and no inflation

	Blind   bool `json:"blind,omitempty"`   // a line or gauge that tells of it is dead
	Leaving bool `json:"leaving,omitempty"` // the box switches itself off in a moment
}

// Percent is the charge as it is shown; empty when nothing tells.
func (p Power) Percent() string {
	if p.Charge == nil {
		return ""
	}
	return strconv.Itoa(*p.Charge)
}

// Bench is what the newest quick check found: each check by its name.
type Bench struct {
	Running bool
	Good    map[string]bool
}

// Trouble is what the kiosk had with itself since this boot.
type Trouble struct {
	Restarts int      `json:"restarts,omitempty"` // by itself: it was killed, crashed or hung
	Last     string   `json:"last,omitempty"`     // the newest of them
	Looping  bool     `json:"looping,omitempty"`  // again and again: a technician has to look
	Hung     []string `json:"hung,omitempty"`     // parts that make no progress now
}

// IsZero says that there was none.
func (t Trouble) IsZero() bool { return t.Restarts == 0 && !t.Looping && len(t.Hung) == 0 }

// Item is one entry of the queue without its contents.
type Item struct {
	Seq    uint64    `json:"seq"`
	ID     string    `json:"id"`
	Lane   string    `json:"lane"`
	Put    time.Time `json:"put"`
	Sent   bool      `json:"sent"`             // it has left at least once
	Parked string    `json:"parked,omitempty"` // why
}

// Live is what the devices say right now. A number older than ten seconds is left out: it must not be read as live.
type Live struct {
	Oximetry    *LiveOximetry    `json:"oximetry"`
	Cuff        *LiveCuff        `json:"cuff"`
	Temperature *LiveTemperature `json:"temperature"`
}

// LiveOximetry is the oximeter's newest sample.
type LiveOximetry struct {
	vitals.Oximetry
	Flags vitals.Flags `json:"flags"`
	Age   float64      `json:"age"` // seconds
}

// LiveCuff is the pressure in the cuff.
type LiveCuff struct {
	Pressure vitals.Maybe[vitals.MmHg] `json:"mmhg,omitzero"`
	Status   string                    `json:"status,omitempty"`
	Age      float64                   `json:"age"` // seconds
}

// LiveTemperature is the thermometer's newest sample.
type LiveTemperature struct {
	Value  vitals.Maybe[vitals.MilliCelsius] `json:"milliCelsius,omitzero"`
	Status string                            `json:"status,omitempty"`
	Flags  vitals.Flags                      `json:"flags"`
	Age    float64                           `json:"age"` // seconds
}

// tooOld is the age at which a number is no longer shown (clinical rules, section 6).
const tooOld = 10 * time.Second

// LiveOf makes the live part of a State at the time now.
func LiveOf(n live.Numbers, now time.Time) Live {
	var l Live
	if age, ok := fresh(n.Oximetry, now); ok {
		s := n.Oximetry.Sample
		l.Oximetry = &LiveOximetry{Oximetry: s.Oximetry, Flags: s.Flags, Age: age}
	}
	if age, ok := fresh(n.Cuff, now); ok {
		l.Cuff = &LiveCuff{Pressure: n.Cuff.Sample.Cuff, Status: n.Cuff.Sample.Status, Age: age}
	}
	if age, ok := fresh(n.Temperature, now); ok {
		s := n.Temperature.Sample
		l.Temperature = &LiveTemperature{Value: s.Temperature.Value, Status: s.Status, Flags: s.Flags, Age: age}
	}
	return l
}

func fresh(d live.Dated, now time.Time) (float64, bool) {
	age := now.Sub(d.At)
	return float64(age.Milliseconds()) / 1000, !d.At.IsZero() && age <= tooOld
}
