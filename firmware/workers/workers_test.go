package workers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabz/firmware/clock"
	"nabz/firmware/secret"
)

// shelf is a Store in memory that can fail.
type shelf struct {
	kept map[string][]byte
	err  error
}

func (s *shelf) Remember(name string, raw []byte) error {
	if s.err != nil {
		return s.err
	}
	s.kept[name] = slices.Clone(raw)
	return nil
}

func (s *shelf) Remembered(name string) ([]byte, error) { return s.kept[name], nil }

func (s *shelf) Names(prefix string) (all []string, _ error) {
	for name := range s.kept {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	return all, nil
}

// bench is a register whose time a test moves.
type bench struct {
	*testing.T
	*Register
	shelf *shelf
	now   clock.Stamp
}

func newBench(t *testing.T, profile ...Worker) *bench {
	t.Helper()
	b := &bench{T: t, shelf: &shelf{kept: map[string][]byte{}}, now: clock.Stamp{Boot: "1", SinceBoot: time.Hour}}
	b.open(profile...)
	return b
}

func (b *bench) open(profile ...Worker) {
	b.Helper()
	var err error
	if b.Register, err = Open(b.shelf, func() clock.Stamp { return b.now }, profile); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) refused(number, pin string) time.Duration {
	b.Helper()
	_, err := b.SignIn(number, pin)
	var locked *LockedError
	switch {
	case errors.As(err, &locked):
		return locked.Wait
	case !errors.Is(err, ErrRefused):
		b.Fatalf("worker %s with a wrong PIN: %v", number, err)
	}
	return 0
}

// From the first PIN, which is good once, to one that only the worker knows.
func TestFirstPINAndOwn(t *testing.T) {
	b := newBench(t)
	first, err := b.New("7")
	if err != nil {
		t.Fatal(err)
	}
	w, err := b.SignIn("7", first)
	if err != nil || !w.OneTime || w.ID() != "w-7" {
		t.Fatalf("with the first PIN: %+v, %v", w, err)
	}
	if err := b.ChoosePIN("7", "1234"); !errors.Is(err, ErrWeak) {
		t.Errorf("1234: %v", err)
	}
	if err := b.ChoosePIN("7", "6174"); err != nil {
		t.Fatal(err)
	}
	b.open() // a restart
	if w, err := b.SignIn("7", "6174"); err != nil || w.OneTime {
		t.Errorf("with the own PIN: %+v, %v", w, err)
	}
	b.refused("7", first)
	if _, err := b.New("7"); err == nil {
		t.Error("worker 7 was made twice")
	}
	if again, err := b.Reset("7"); err != nil || b.refused("7", "6174") != 0 || again == "" {
		t.Errorf("after a reset: %v", err)
	}
	for name, raw := range b.shelf.kept {
		if strings.Contains(string(raw), "6174") || strings.Contains(string(raw), first) {
			t.Errorf("%s holds a PIN in clear", name)
		}
	}
}

// Wrong PINs make the next try wait, longer each time; a right one in between does not count while it waits, and a restart shortens nothing.
func TestWaitGrows(t *testing.T) {
	b := newBench(t, Worker{Number: "7", PIN: secret.Hash("6174")})
	for i := range freeMisses - 1 {
		if wait := b.refused("7", "0000"); wait != 0 {
			t.Fatalf("wait %s after %d", wait, i+1)
		}
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute} {
		if wait := b.refused("7", "0000"); wait != want {
			t.Fatalf("wait %s, want %s", wait, want)
		}
		if wait := b.refused("7", "6174"); wait != want {
			t.Fatalf("the right PIN meanwhile: wait %s", wait)
		}
		b.now = clock.Stamp{Boot: b.now.Boot + "'", SinceBoot: time.Second} // the plug is pulled
		b.open()
		if wait := b.refused("7", "6174"); wait != want-time.Second {
			t.Fatalf("a second after a restart: wait %s, want %s", wait, want-time.Second)
		}
		b.now.SinceBoot += want
	}
	if _, err := b.SignIn("7", "6174"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if wait := b.refused("7", "0000"); wait != 0 {
		t.Errorf("a right PIN forgives: wait %s", wait)
	}
}

// A try counts before it is looked at: when the card takes no more, nobody may guess for ever.
func TestNoTryIsFree(t *testing.T) {
	b := newBench(t, Worker{Number: "7", PIN: secret.Hash("6174")})
	b.shelf.err = errors.New("card full")
	if _, err := b.SignIn("7", "6174"); err == nil {
		t.Error("signed in although the try could not be counted")
	}
}

func TestWhoMayNot(t *testing.T) {
	b := newBench(t, Worker{Number: "7", PIN: secret.Hash("6174")})
	b.refused("8", "6174")
	if err := b.Leave("7", true); err != nil {
		t.Fatal(err)
	}
	b.refused("7", "6174")
	b.refused("7", "")
	if err := b.Leave("7", false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SignIn("7", "6174"); err != nil {
		t.Errorf("let in again: %v", err)
	}
}

func TestBadge(t *testing.T) {
	b := newBench(t, Worker{Number: "12", PIN: secret.Hash("6174")})
	code, err := b.Issue("12")
	if err != nil || len(code) != 16 || !strings.HasPrefix(code, "0012") {
		t.Fatalf("%q, %v", code, err)
	}
	if w, err := b.Scan(code); err != nil || w.Number != "12" {
		t.Errorf("scanned: %+v, %v", w, err)
	}
	lost := code
	if code, err = b.Issue("12"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Scan(lost); !errors.Is(err, ErrRefused) {
		t.Errorf("the badge before: %v", err)
	}
	for _, bad := range []string{"", "0012", "0000" + code[4:], "0013" + code[4:], strings.Repeat("x", 16)} {
		if _, err := b.Scan(bad); !errors.Is(err, ErrRefused) {
			t.Errorf("%d digits that are no badge: %v", len(bad), err)
		}
	}
}

// The technician's PIN is chosen by whoever sets the kiosk up, once; there is no default one.
func TestClaim(t *testing.T) {
	b := newBench(t)
	b.refused(Technician, "0000")
	if err := b.Claim("7316"); err != nil {
		t.Fatal(err)
	}
	if err := b.Claim("6174"); !errors.Is(err, ErrClaimed) {
		t.Errorf("claimed again: %v", err)
	}
	w, err := b.SignIn(Technician, "7316")
	if err != nil || w.ID() != "technician" || len(b.List()) != 0 {
		t.Errorf("%+v, %v", w, err)
	}
}

// The profile makes accounts and locks out, and does not undo what a worker chose at the kiosk.
func TestProfile(t *testing.T) {
	p := Worker{Number: "7", PIN: secret.Hash("6174")}
	b := newBench(t, p)
	if err := errors.Join(b.ChoosePIN("7", "2718"), b.Speak("7", "en"), b.Finished("7"), b.Learned("7", "normal"), b.Learned("7", "normal")); err != nil {
		t.Fatal(err)
	}
	b.open(p)
	w, err := b.SignIn("7", "2718")
	if err != nil || w.Lang != "en" || w.Visits != 1 || len(w.Lessons) != 1 {
		t.Errorf("after the profile came again: %+v, %v", w, err)
	}
	p.Left = true
	b.open(p)
	b.refused("7", "2718")
}

func TestWeakPINs(t *testing.T) {
	for _, pin := range []string{"", "123", "1234", "4321", "0000", "9999", "1234567", "0007", "12a4", "456789"} {
		if CheckPIN("7", pin) == nil {
			t.Errorf("%q may be chosen", pin)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		pin := rapid.StringMatching(`[0-9]{4,6}`).Draw(t, "pin")
		if CheckPIN("7", pin) == nil && !secret.Matches(secret.Hash(pin), pin) {
			t.Errorf("%s does not open its own hash", pin)
		}
	})
}
