package door

import (
	"bytes"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"

	"nabz/firmware/secret"
)

// Right is what an account may do with a kiosk.
type Right string

// The rights.
const (
	Look      Right = "look"      // at live sessions and readings, and write to the worker
	Supervise Right = "supervise" // the fleet: backlog, parked items, devices; no patient
)

// rights of the roles that an account can have.
var rights = map[string][]Right{"doctor": {Look}, "supervisor": {Supervise}}

// Role is what an account is at some kiosks.
type Role struct {
	Role   string   `json:"role"`   // "doctor" or "supervisor"
	Kiosks []string `json:"kiosks"` // their names, * standing for any part of one: "layyah-*"
}

// Account is one person.
type Account struct {
	Name     string `json:"name"`     // how they sign in, and how the audit names them
	Password string `json:"password"` // argon2id, as secret.Hash writes it
	Code     string `json:"code"`     // the key of the one-time codes, in base32
	Roles    []Role `json:"roles"`
}

// May says whether the account has that right at the kiosk.
func (a Account) May(r Right, kiosk string) bool {
	return slices.ContainsFunc(a.Roles, func(role Role) bool {
		return slices.Contains(rights[role.Role], r) && slices.ContainsFunc(role.Kiosks, func(pattern string) bool {
			ok, err := path.Match(pattern, kiosk)
			return ok && err == nil
		})
	})
}

var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,39}$`)

// keyLength is the least that the key of one-time codes has (RFC 4226, section 4, R6).
const keyLength = 16

// Check says what is wrong with the account, or nil.
func (a Account) Check() error {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(a.Code)
	switch {
	case !accountName.MatchString(a.Name):
		return fmt.Errorf("name %q: use 1 to 40 of a-z, 0-9, . and -", a.Name)
	case secret.Check(a.Password) != nil:
		return fmt.Errorf("account %s: password: %w", a.Name, secret.Check(a.Password))
	case err != nil || len(key) < keyLength:
		return fmt.Errorf("account %s: code: want at least %d bytes in base32", a.Name, keyLength)
	case len(a.Roles) == 0:
		return fmt.Errorf("account %s: no role: it could see nothing", a.Name)
	}
	for _, r := range a.Roles {
		if err := r.check(); err != nil {
			return fmt.Errorf("account %s: %w", a.Name, err)
		}
	}
	return nil
}

func (r Role) check() error {
	if rights[r.Role] == nil {
		return fmt.Errorf("role %q: use doctor or supervisor", r.Role)
	}
	for _, pattern := range r.Kiosks {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("kiosks %q: not a pattern", pattern)
		}
	}
	return nil
}

// People is who may come in: accounts of this clinic's own, and what the groups of an OpenID provider may do.
type People struct {
	Accounts []Account   `json:"accounts"`
	Groups   []GroupRole `json:"groups"`
}

// Load reads them: {"accounts": [...], "groups": [...]}. It refuses a file that others may read, keys that it does not know, and names that come twice.
func Load(file string) (People, error) {
	raw, err := Private(file)
	if err != nil {
		return People{}, fmt.Errorf("accounts: %w", err)
	}
	var all People
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return People{}, fmt.Errorf("accounts: %s: %w", file, err)
	}
	seen := map[string]bool{}
	for _, a := range all.Accounts {
		if err := a.Check(); err != nil {
			return People{}, fmt.Errorf("accounts: %s: %w", file, err)
		}
		if seen[a.Name] {
			return People{}, fmt.Errorf("accounts: %s: %s comes twice", file, a.Name)
		}
		seen[a.Name] = true
	}
	if len(all.Accounts)+len(all.Groups) == 0 {
		return People{}, errors.New("accounts: " + file + " has none: nobody could sign in")
	}
	return all, nil
}

// Private reads a file that nobody but its owner may read.
func Private(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: chmod 600 %s", file, file)
	}
	return os.ReadFile(file)
}
