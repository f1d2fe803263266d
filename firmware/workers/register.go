package workers

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"

	"nabz/firmware/clock"
	"nabz/firmware/secret"
)

// Store keeps a few small records durably, sealed. Names lists those with a prefix.
type Store interface {
	Remember(name string, raw []byte) error
	Remembered(name string) ([]byte, error) // nil when there is none
	Names(prefix string) ([]string, error)
}

// Register holds the accounts; it is their one owner and safe for concurrent use. What a method changed is on stable storage when it returns.
type Register struct {
	store Store
	now   func() clock.Stamp

	mu  sync.Mutex
	all map[string]Worker
}

const prefix = "worker/"

// Open reads the accounts of the store and adds those of the profile that it does not have. What the profile says of leaving holds; a PIN that
// was chosen at the kiosk stays.
func Open(store Store, now func() clock.Stamp, profile []Worker) (*Register, error) {
	r := &Register{store: store, now: now, all: map[string]Worker{}}
	names, err := store.Names(prefix)
	if err != nil {
		return nil, fmt.Errorf("read workers: %w", err)
	}
	for _, name := range names {
		raw, err := store.Remembered(name)
		var w Worker
		if err == nil {
			err = json.Unmarshal(raw, &w)
		}
		if err != nil {
			return nil, fmt.Errorf("read workers: %w", err)
		}
		r.all[w.Number] = w
	}
	for _, p := range profile {
		w, known := r.all[p.Number]
		if known && w.Left == p.Left {
			continue
		}
		if !known {
			w = p
		}
		w.Left = p.Left
		if err := r.keep(w); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// keep makes an account durable, and then ours.
func (r *Register) keep(w Worker) error {
	raw, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := r.store.Remember(prefix+w.Number, raw); err != nil {
		return fmt.Errorf("keep worker: %w", err)
	}
	r.all[w.Number] = w
	return nil
}

// ErrRefused is a number and a PIN that do not belong together, or a worker who left. It does not say which.
var ErrRefused = errors.New("this number and this PIN do not belong together")

// SignIn checks a PIN. The try is counted before it is looked at, so pulling the plug at the right moment gains nothing. *LockedError when there
// were too many; ErrRefused when it is wrong.
func (r *Register) SignIn(number, pin string) (Worker, error) {
	return r.try(number, func(w Worker) string { return w.PIN }, pin)
}

// Scan is SignIn with the code of a badge: four digits of its number and twelve of its secret.
func (r *Register) Scan(code string) (Worker, error) {
	if !badgeForm.MatchString(code) {
		return Worker{}, ErrRefused
	}
	return r.try(cmp.Or(strings.TrimLeft(code[:4], "0"), "0"), func(w Worker) string { return w.Badge }, code[4:])
}

func (r *Register) try(number string, hash func(Worker) string, typed string) (Worker, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.all[number]
	if !known {
		secret.Matches("", typed)
		return Worker{}, ErrRefused
	}
	if wait := w.Misses.Wait(r.now()); wait > 0 {
		return Worker{}, &LockedError{wait}
	}
	w.Misses.Count++
	w.Misses.Last = r.now()
	if err := r.keep(w); err != nil {
		return Worker{}, err
	}
	if !secret.Matches(hash(w), typed) || w.Left {
		if wait := w.Misses.Wait(r.now()); wait > 0 {
			return Worker{}, &LockedError{wait}
		}
		return Worker{}, ErrRefused
	}
	w.Misses = Misses{}
	return w, r.keep(w)
}

// ChoosePIN sets the PIN that its owner has chosen. ErrWeak when anybody would guess it.
func (r *Register) ChoosePIN(number, pin string) error {
	if err := CheckPIN(number, pin); err != nil {
		return err
	}
	return r.change(number, func(w *Worker) { w.PIN, w.OneTime, w.Misses = secret.Hash(pin), false, Misses{} })
}

// Claim makes the technician's account on a kiosk that has none: whoever sets it up chooses its PIN, so there never is a default one. ErrClaimed
// when there is one.
func (r *Register) Claim(pin string) error {
	if err := CheckPIN(Technician, pin); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.all[Technician]; known {
		return ErrClaimed
	}
	return r.keep(Worker{Number: Technician, PIN: secret.Hash(pin)})
}

// ErrClaimed is a kiosk that has a technician's PIN already.
var ErrClaimed = errors.New("this kiosk has a technician's PIN: it is changed after signing in with it")

// New makes an account and returns its first PIN, which is good for one sign-in.
func (r *Register) New(number string) (pin string, err error) {
	if err := CheckNumber(number); err != nil {
		return "", err
	}
	r.mu.Lock()
	_, known := r.all[number]
	r.mu.Unlock()
	if known {
		return "", fmt.Errorf("worker %s has an account: reset its PIN instead", number)
	}
	return r.give(number)
}

// Reset gives an account another first PIN and ends its waiting.
func (r *Register) Reset(number string) (pin string, err error) {
	r.mu.Lock()
	_, known := r.all[number]
	r.mu.Unlock()
	if !known {
		return "", errNobody(number)
	}
	return r.give(number)
}

func (r *Register) give(number string) (pin string, err error) {
	for pin = digits(4); CheckPIN(number, pin) != nil; {
		pin = digits(4)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.all[number]
	w.Number, w.PIN, w.OneTime, w.Misses = number, secret.Hash(pin), true, Misses{}
	return pin, r.keep(w)
}

// Issue gives an account a badge and returns its code, which is not kept; an earlier badge opens nothing any more.
func (r *Register) Issue(number string) (code string, err error) {
	hidden := digits(12)
	n, err := strconv.Atoi(number)
	if err != nil {
		return "", errNobody(number)
	}
	return fmt.Sprintf("%04d%s", n, hidden), r.change(number, func(w *Worker) { w.Badge = secret.Hash(hidden) })
}

// Leave locks a worker out, or lets one in again.
func (r *Register) Leave(number string, left bool) error {
	return r.change(number, func(w *Worker) { w.Left = left })
}

// Speak notes the language that a worker has chosen.
func (r *Register) Speak(number, lang string) error {
	return r.change(number, func(w *Worker) { w.Lang = lang })
}

// Finished counts a visit that a worker has finished.
func (r *Register) Finished(number string) error {
	return r.change(number, func(w *Worker) { w.Visits++ })
}

// Learned notes a lesson that a worker has completed.
func (r *Register) Learned(number, lesson string) error {
	return r.change(number, func(w *Worker) { w.done(lesson) })
}

func (r *Register) change(number string, f func(*Worker)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.all[number]
	if !known {
		return errNobody(number)
	}
	w.Lessons = slices.Clone(w.Lessons)
	f(&w)
	return r.keep(w)
}

// Of returns an account.
func (r *Register) Of(number string) (Worker, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, known := r.all[number]
	return w, known
}

// List returns the workers' accounts by number, without the technician's.
func (r *Register) List() []Worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	some := make([]Worker, 0, len(r.all))
	for _, w := range r.all {
		if w.Number != Technician {
			some = append(some, w)
		}
	}
	slices.SortFunc(some, func(a, b Worker) int {
		return cmp.Or(cmp.Compare(len(a.Number), len(b.Number)), cmp.Compare(a.Number, b.Number))
	})
	return some
}

func errNobody(number string) error { return fmt.Errorf("no worker %s here", number) }

// digits are n random ones.
func digits(n int) string {
	var b strings.Builder
	for range n {
		d, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		b.WriteString(d.String())
	}
	return b.String()
}
