package door

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"nabz/firmware/secret"
)

// ErrRefused says that name, password and code do not belong together, and not which of them is wrong.
var ErrRefused = errors.New("name, password or code is wrong")

// LockedError says that nobody may try that name for a while.
type LockedError struct{ Wait time.Duration }

func (e *LockedError) Error() string {
	return fmt.Sprintf("too many wrong tries: wait %s", e.Wait.Round(time.Second))
}

// Entry lets people in. It is safe for concurrent use; one try of a name is looked at after the other.
type Entry struct {
	mu       sync.Mutex
	accounts map[string]Account
	tries    map[string]*tries
}

// tries are the wrong ones in a row, and the newest code that was good.
type tries struct {
	wrong int
	last  time.Time
	used  int64 // the step of the newest good code: none is good twice
}

// NewEntry returns an entry for these accounts, whose names differ.
func NewEntry(accounts []Account) *Entry {
	e := &Entry{accounts: map[string]Account{}, tries: map[string]*tries{}}
	for _, a := range accounts {
		e.accounts[a.Name] = a
		e.tries[a.Name] = &tries{}
	}
	return e
}

const (
	freeTries   = 5 // before the first wait
	firstWait   = 30 * time.Second
	longestWait = time.Hour

	codeStep = 30 * time.Second // RFC 6238, section 4.1
	around   = 1                // steps before and after that are taken, for clocks that differ (section 5.2)
)

func (t *tries) wait(now time.Time) time.Duration {
	if t.wrong < freeTries {
		return 0
	}
	wait := longestWait
	if doubled := t.wrong - freeTries; doubled < 7 {
		wait = min(wait, firstWait<<doubled)
	}
	return max(0, wait-now.Sub(t.last))
}

// Any says whether there are accounts at all.
func (e *Entry) Any() bool { return len(e.accounts) > 0 }

// Known is the name where it is an account's, and empty otherwise: what people type into the wrong field is nobody's to read.
func (e *Entry) Known(name string) string { return e.accounts[name].Name }

// Try signs in. The error is ErrRefused or a LockedError. A try counts before it is looked at, so that many at once gain nothing.
func (e *Entry) Try(name, password, code string, now time.Time) (Account, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a, known := e.accounts[name]
	if !known {
		secret.Matches("", password) // as long as for any other
		return Account{}, ErrRefused
	}
	t := e.tries[name]
	if wait := t.wait(now); wait > 0 {
		return Account{}, &LockedError{wait}
	}
	t.wrong++
	t.last = now
	step, good := a.code(code, now)
	if !secret.Matches(a.Password, password) || !good || step <= t.used {
		return Account{}, ErrRefused
	}
	t.wrong, t.used = 0, step
	return a, nil
}

// code says whether a one-time code is good now, and of which step it is.
func (a Account) code(code string, now time.Time) (step int64, good bool) {
	for step := now.Unix()/int64(codeStep/time.Second) - around; step <= now.Unix()/int64(codeStep/time.Second)+around; step++ {
		ok, err := hotp.ValidateCustom(code, uint64(step), a.Code, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if ok && err == nil {
			return step, true
		}
	}
	return 0, false
}
