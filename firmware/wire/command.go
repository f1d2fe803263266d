package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// Command is what the clinic asks of a kiosk. It expires: what a doctor wanted this morning must not happen in the afternoon. All but a watch are
// sent again until the kiosk has said by a Result that they came to an end.
type Command struct {
	ID   string `json:"id"`             // new for each, and the same whenever it is sent again
	Kind string `json:"kind"`           // one of the kinds below
	TTL  int    `json:"ttl"`            // seconds from its arrival
	By   string `json:"by,omitempty"`   // of a watch the clinic's name: each speaks for all who watch through it; otherwise the account that asks
	Mode Mode   `json:"mode,omitempty"` // of a watch: the most that is wanted
	Of   string `json:"of,omitempty"`   // the Bundle that it is about
	Step string `json:"step,omitempty"` // of a repeat: what is to be measured
	Text string `json:"text,omitempty"` // of a message or a call: for people
	Box  []byte `json:"box,omitempty"`  // in its place, where the broker must not read it: sealed to the kiosk under CommandLabel
}

// CommandLabel is what a command's text is sealed under.
func CommandLabel(id string) string { return "text " + id }

// mostBox bounds a sealed text.
const mostBox = 1024

// The kinds.
const (
	CommandWatch   = "watch"   // somebody looks at the live session; renewed while that lasts
	CommandRepeat  = "repeat"  // please measure Step again
	CommandMessage = "message" // please read Text
	CommandCall    = "call"    // please call the doctor; Text says where
	CommandRelease = "release" // send the parked entry Of again
)

const (
	// LongestWatch is how long one watch may last without being renewed.
	LongestWatch = 60 * time.Second
	// LongestRequest is how long anything else may wait for somebody.
	LongestRequest = 24 * time.Hour
	// MostText is how many characters a text has: what fits a kiosk's screen.
	MostText = 160
)

// Steps are those that a repeat may ask for, as the exam names them.
var Steps = []string{"blood-pressure", "oximetry", "temperature", "respiration"}

// Check says what is wrong with a command, or nil. A kind that this version does not know is an error.
func (c Command) Check() error {
	longest := LongestRequest
	if c.Kind == CommandWatch {
		longest = LongestWatch
	}
	switch {
	case c.ID == "" || len(c.ID) > 64:
		return errors.New("command without an id")
	case c.TTL <= 0 || time.Duration(c.TTL)*time.Second > longest:
		return fmt.Errorf("command %s: lasts %d s, want 1 to %d", c.ID, c.TTL, int(longest.Seconds()))
	}
	switch c.Kind {
	case CommandWatch:
		return c.checkMode()
	case CommandRepeat:
		for _, s := range Steps {
			if s == c.Step {
				return nil
			}
		}
		return fmt.Errorf("command %s: nothing that can be measured again", c.ID)
	case CommandMessage, CommandCall:
		if len(c.Box) > 0 && c.Text == "" && len(c.Box) <= mostBox {
			return nil // its text is looked at when it is opened
		}
		return checkText(c.ID, c.Text)
	case CommandRelease:
		if c.Of == "" {
			return fmt.Errorf("command %s: releases nothing", c.ID)
		}
		return nil
	}
	return fmt.Errorf("command %s: unknown kind %q", c.ID, c.Kind)
}

func (c Command) checkMode() error {
	switch c.Mode {
	case "", ModeWave, ModeNumbers, ModeSummary:
		return nil
	}
	return fmt.Errorf("command %s: unknown mode %q", c.ID, c.Mode)
}

// checkText takes what a screen can show on its own: no control characters, and none that turn the direction of what stands beside (Unicode UAX 9).
func checkText(id, text string) error {
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MostText {
		return fmt.Errorf("command %s: a text has 1 to %d characters", id, MostText)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029 {
			return fmt.Errorf("command %s: a text has no control characters", id)
		}
	}
	return nil
}

// ParseCommand reads a command and checks it. Its error shows nothing of the text.
func ParseCommand(b []byte) (Command, error) {
	var c Command
	if json.Unmarshal(b, &c) != nil {
		return Command{}, errors.New("command: not JSON")
	}
	if err := c.Check(); err != nil {
		return Command{}, err
	}
	if c.Kind == CommandWatch && c.Mode == "" {
		c.Mode = ModeWave
	}
	return c, nil
}

// ResultStatus is how far a command has come at the kiosk.
type ResultStatus string

// The statuses, in order; the last four are ends.
const (
	ResultKept    ResultStatus = "kept"    // on the kiosk's stable storage
	ResultShown   ResultStatus = "shown"   // a worker who is signed in had it on the screen
	ResultDone    ResultStatus = "done"    // a worker said so, or it was carried out
	ResultExpired ResultStatus = "expired" // nobody did in time
	ResultRefused ResultStatus = "refused" // it cannot be done here: Why
	ResultSeen    ResultStatus = "seen"    // ID is a Bundle's: its receipt "seen" is on stable storage
)

// Over says that nothing more will come of it.
func (s ResultStatus) Over() bool {
	return s == ResultDone || s == ResultExpired || s == ResultRefused || s == ResultSeen
}

// Result is the kiosk's answer to a command, on up/res. It comes again with each repetition of the command, so one may get lost.
type Result struct {
	ID     string       `json:"id"` // the command's
	Status ResultStatus `json:"status"`
	By     string       `json:"by,omitempty"`  // the worker
	Why    string       `json:"why,omitempty"` // of a refusal: for people, no patient
}

// ParseResult reads one. An unknown status is an error.
func ParseResult(b []byte) (Result, error) {
	var r Result
	if json.Unmarshal(b, &r) != nil || r.ID == "" {
		return Result{}, errors.New("result: not one, or without an id")
	}
	switch r.Status {
	case ResultKept, ResultShown, ResultDone, ResultExpired, ResultRefused, ResultSeen:
		return r, nil
	}
	return Result{}, fmt.Errorf("result %s: unknown status %q", r.ID, r.Status)
}
