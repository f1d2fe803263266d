package profile

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"nabz/firmware/config"
	"nabz/firmware/whole"
	"nabz/provisioning/identity"
	"nabz/provisioning/signed"
)

const (
	current = "profile"
	trial   = "profile.trial"
	beside  = "profile.json"
)

// mostStarts is how often a kiosk begins with a profile on trial before it is taken for what ends it.
const mostStarts = 3

// Store is a kiosk's profile on its card. It has one owner.
type Store struct {
	Identity identity.Folder
	Local    []byte           // the box's kiosk.toml
	Now      func() time.Time // the time that certainly has passed
	step     func(string)     // told of each step; tests end the process in it
}

// notes are what is known beside the profiles.
type notes struct {
	Highest uint64   `json:"highest"`           // version ever taken
	Starts  int      `json:"starts,omitempty"`  // with the trial
	Needs   []string `json:"needs,omitempty"`   // what worked before the trial, by name
	SealTo  []string `json:"sealTo,omitempty"`  // what the profile in force seals to: should it no longer be readable, the kiosk does not go on in clear
	Refused uint64   `json:"refused,omitempty"` // version that went last
	Why     string   `json:"why,omitempty"`
}

func (s *Store) at(name string) string { return filepath.Join(s.Identity.Dir, name) }

func (s *Store) write(name string, raw []byte) error {
	s.tell("before " + name)
	if err := whole.Write(s.at(name), raw, 0o600); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	s.tell("after " + name)
	return nil
}

func (s *Store) tell(step string) {
	if s.step != nil {
		s.step(step)
	}
}

func (s *Store) notes() (n notes, err error) {
	raw, err := os.ReadFile(s.at(beside))
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &n)
	}
	return n, err
}

func (s *Store) note(n notes) error {
	raw, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.write(beside, raw)
}

// read opens a profile that is here; nil when there is none.
func (s *Store) read(name string) (*config.Profile, error) {
	raw, err := os.ReadFile(s.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := s.open(raw, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.at(name), err)
	}
	return &p, nil
}

// open takes a profile out of its signature.
func (s *Store) open(raw []byte, at time.Time) (config.Profile, error) {
	all, err := s.Identity.Authorities()
	if err != nil {
		return config.Profile{}, err
	}
	roots := x509.NewCertPool()
	for _, c := range all {
		roots.AddCert(c)
	}
	text, by, err := signed.Open(raw, roots, at)
	if err != nil {
		return config.Profile{}, err
	}
	gone, err := s.Identity.Revoked(by)
	if err == nil && gone {
		err = fmt.Errorf("%w: %s was taken back", signed.ErrSignature, by.Subject.CommonName)
	}
	if err != nil {
		return config.Profile{}, err
	}
	return config.ParseProfile(text)
}

// Loaded is what the kiosk is to run on.
type Loaded struct {
	config.Config
	Trial bool     // under a profile that has to prove itself
	Needs []string // what worked before it, and has to work again
	Why   string   // of a profile that could not be used
}

// Load gives kiosk.toml under the profile on trial, or else under the one in force. A trial that cannot be read, no longer fits, or has begun too often without
// proving itself is let go; a profile in force that no longer fits is left where it is and passed over: the kiosk runs, if need be on its own kiosk.toml.
func (s *Store) Load() (l Loaded, err error) {
	ok, err := s.loadTrial(&l)
	if err != nil {
		return l, err
	}
	if ok {
		return l, nil
	}
	defer func() {
		if n, bad := s.notes(); bad == nil {
			l.Refused = n.Refused
		}
	}()
	p, err := s.read(current)
	if err == nil && p != nil {
		if l.Config, err = config.Merge(s.Local, p); err == nil {
			return l, nil
		}
	}
	if err != nil {
		l.Why = err.Error()
	}
	if l.Config, err = config.Parse(s.Local); err != nil || l.Why == "" || len(l.Broker.SealTo) > 0 {
		return l, err
	}
	n, err := s.notes()
	l.Broker.SealTo = n.SealTo
	return l, err
}

func (s *Store) loadTrial(l *Loaded) (ok bool, err error) {
	p, bad := s.read(trial)
	if p == nil && bad == nil {
		return false, nil
	}
	n, err := s.notes()
	if err != nil {
		return false, err
	}
	if bad == nil && n.Starts >= mostStarts {
		bad = fmt.Errorf("the kiosk began %d times with it and did not stay", n.Starts)
	}
	if bad == nil {
		if l.Config, bad = config.Merge(s.Local, p); bad == nil {
			l.Trial, l.Needs = true, n.Needs
			n.Starts++ // before anything is opened: whatever ends this run counts
			return true, s.note(n)
		}
	}
	l.Why = bad.Error()
	return false, s.Reject(l.Why)
}

// ErrOld is a profile that is no newer than one that was here before.
var ErrOld = errors.New("this profile is not newer than what this kiosk has had")

// Offer looks at a profile that came, and puts it on trial if it may take the place of the one in force: signed by whom this kiosk trusts and did not hear revoked, for this kiosk,
// newer than any before, and good with this box's own kiosk.toml. needs names what works now and has to work with it. Nothing changes when anything is wrong.
func (s *Store) Offer(raw []byte, needs []string) (config.Profile, error) {
	p, err := s.open(raw, s.Now())
	if err != nil {
		return p, err
	}
	highest, err := s.Highest()
	if err != nil {
		return p, err
	}
	if p.Version <= highest {
		return p, fmt.Errorf("%w: version %d, and it has had %d", ErrOld, p.Version, highest)
	}
	cfg, err := config.Merge(s.Local, &p)
	if err != nil {
		return p, err
	}
	needs = slices.DeleteFunc(slices.Clone(needs), func(name string) bool { // what the profile takes away need not work
		d, ok := map[string]config.Device{"oximeter": cfg.Oximeter, "cuff": cfg.Cuff, "thermometer": cfg.Thermometer, "monitor": cfg.Monitor}[name]
		return ok && !d.Present()
	})
	n, err := s.notes()
	if err != nil {
		return p, err
	}
	if err := s.write(trial, raw); err != nil { // first: what it says of its version counts too
		return p, err
	}
	n.Highest, n.Starts, n.Needs = p.Version, 0, needs
	return p, s.note(n)
}

// Highest is the highest version that was ever taken.
func (s *Store) Highest() (uint64, error) {
	n, err := s.notes()
	if err != nil {
		return 0, err
	}
	highest := n.Highest
	for _, name := range []string{current, trial} {
		if p, err := s.read(name); err == nil && p != nil {
			highest = max(highest, p.Version)
		}
	}
	return highest, nil
}

// Confirm makes the trial the profile in force.
func (s *Store) Confirm() error {
	s.tell("before confirm")
	if err := os.Rename(s.at(trial), s.at(current)); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	s.tell("after confirm")
	n, err := s.notes()
	if err != nil {
		return err
	}
	if p, err := s.read(current); err == nil && p != nil {
		if cfg, err := config.Merge(s.Local, p); err == nil {
			n.SealTo = cfg.Broker.SealTo
		}
	}
	n.Starts, n.Needs, n.Refused, n.Why = 0, nil, 0, ""
	return s.note(n)
}

// Reject lets the trial go and notes why; its version is never taken again.
func (s *Store) Reject(why string) error {
	n, err := s.notes()
	if err != nil {
		n = notes{}
	}
	if p, err := s.read(trial); err == nil && p != nil {
		n.Highest, n.Refused = max(n.Highest, p.Version), p.Version
	}
	n.Starts, n.Needs, n.Why = 0, nil, why
	if err := s.note(n); err != nil {
		return err
	}
	s.tell("before reject")
	if err := os.Remove(s.at(trial)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("profile: %w", err)
	}
	s.tell("after reject")
	return nil
}

// Refused is the version that went last, and why; 0 when none did since.
func (s *Store) Refused() (version uint64, why string, err error) {
	n, err := s.notes()
	return n.Refused, n.Why, err
}
