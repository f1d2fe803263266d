// Package workers is who may use the kiosk: an account for each health worker and one for the technician, with a PIN and, where there is one, a
// badge. PINs are kept as argon2id; wrong ones make the next try wait, longer each time, also across a restart.
package workers

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"nabz/firmware/clock"
)

// Technician is the number of the technician's account. No badge has it.
const Technician = "0"

// Worker is one account. Its zero PIN opens nothing.
type Worker struct {
	Number  string   `json:"number"`            // of the badge: 1 to 4 digits without leading zeros; "0" is the technician
	PIN     string   `json:"pin,omitempty"`     // argon2id, as Hash writes it
	OneTime bool     `json:"oneTime,omitempty"` // the PIN was given: its owner chooses another at the next sign-in
	Badge   string   `json:"badge,omitempty"`   // of the badge's secret, as Hash writes it
	Left    bool     `json:"left,omitempty"`    // does not work here any more
	Lang    string   `json:"lang,omitempty"`    // of the screen, as chosen last
	Visits  int      `json:"visits,omitempty"`  // finished: prompts fall silent after some
	Lessons []string `json:"lessons,omitempty"` // of the practice, completed
	Misses  Misses   `json:"misses,omitzero"`
}

// ID is how readings and the audit name the worker: "w-7", or "technician".
func (w Worker) ID() string {
	if w.Number == Technician {
		return "technician"
	}
	return "w-" + w.Number
}

// Misses are wrong PINs in a row, and when the newest was.
type Misses struct {
	Count int         `json:"count"`
	Last  clock.Stamp `json:"last"`
}

const (
	freeMisses  = 3 // before the first wait
	firstWait   = 30 * time.Second
	longestWait = time.Hour
)

// Wait is how long nobody may try, from now on. Time in another boot counts from that boot's start: pulling the plug shortens nothing.
func (m Misses) Wait(now clock.Stamp) time.Duration {
	if m.Count < freeMisses {
		return 0
	}
	wait := longestWait
	if doubled := m.Count - freeMisses; doubled < 7 {
		wait = min(wait, firstWait<<doubled)
	}
	passed, same := now.Since(m.Last)
	if !same {
		passed = now.SinceBoot
	}
	return max(0, wait-max(0, passed))
}

var (
	numberForm = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
	pinForm    = regexp.MustCompile(`^[0-9]{4,6}$`)
	badgeForm  = regexp.MustCompile(`^[0-9]{16}$`)
)

// CheckNumber says what is wrong with the number of a badge, or nil.
func CheckNumber(number string) error {
	if !numberForm.MatchString(number) {
		return errors.New("the number of a badge is 1 to 9999")
	}
	return nil
}

// ErrWeak is a PIN that anybody would try first, or of the wrong length.
var ErrWeak = errors.New("the PIN has 4 to 6 digits, not all alike and not in a row: choose another")

// CheckPIN refuses the PINs that are tried first: all alike, counting up or down, or the worker's own number.
func CheckPIN(number, pin string) error {
	if !pinForm.MatchString(pin) || strings.Contains("0123456789 9876543210 1234567890", pin) || strings.Count(pin, pin[:1]) == len(pin) {
		return ErrWeak
	}
	if strings.TrimLeft(pin, "0") == number {
		return ErrWeak
	}
	return nil
}

// LockedError is a try that came too early after wrong ones.
type LockedError struct{ Wait time.Duration }

func (e *LockedError) Error() string {
	return fmt.Sprintf("too many wrong PINs: try again in %s", e.Wait.Round(time.Second))
}

// done notes a lesson once.
func (w *Worker) done(lesson string) {
	if !slices.Contains(w.Lessons, lesson) {
		w.Lessons = append(w.Lessons, lesson)
	}
}
