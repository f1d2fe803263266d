package authority

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"nabz/firmware/wire"
)

// What is refused to a box that asks by itself.
var (
	// ErrToken is a token that is unknown, over, taken back, of another name, or used with another key.
	ErrToken = errors.New("this token is not good: it is of one box, once, for a time")
	// ErrNotRenewed is a certificate that gives no right to another.
	ErrNotRenewed = errors.New("this certificate cannot be renewed")
)

// Guest says who is invited.
type Guest struct {
	Name  string
	Site  string        // where the box is to stand, for the log and its label
	Until time.Time     // the end of the invitation
	Life  time.Duration // of what is issued for it
	Anew  bool          // another box may have had the name; its certificate is revoked then
}

// Invite makes a token of one use for a box, and returns it and the fingerprint of the root. Only its hash is kept.
func (a *Authority) Invite(g Guest) (token, root string, err error) {
	if err := wire.CheckKiosk(g.Name); err != nil {
		return "", "", err
	}
	if g.Life <= 0 || g.Life > MostLife || !g.Until.After(a.now()) {
		return "", "", fmt.Errorf("invitation of %s: a life of %s until %s cannot be", g.Name, g.Life, g.Until.Format(time.DateTime))
	}
	token = newToken()
	err = a.exclusively(func() error {
		return a.note(Entry{
			Did: Invited, Kind: Kiosk, Name: g.Name, Site: g.Site, Until: g.Until.UTC(), Token: digest(token), Days: int(g.Life.Hours() / 24), Anew: g.Anew,
		})
	})
	return token, Fingerprint(a.root), err
}

func digest(token string) string {
	b, err := heard(token)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Admit issues the certificate of a name for a token. The same box may ask again with the same key and token, since its answer may have got lost; nobody else may.
func (a *Authority) Admit(name, token string, csr []byte) (c *x509.Certificate, err error) {
	err = a.exclusively(func() error {
		inv, ok := a.invitation(name, digest(token))
		if !ok {
			return ErrToken
		}
		r := Request{Kind: Kiosk, Name: name, CSR: csr, Life: time.Duration(inv.Days) * 24 * time.Hour, Anew: inv.Anew}
		parsed, err := parseCSR(csr)
		if err != nil {
			return err
		}
		key, err := r.check(parsed)
		if err != nil {
			return err
		}
		print, err := fingerprint(key)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(a.all, func(e Entry) bool { return e.Did == Issued && e.Token == inv.Token && e.Key != print }) {
			return ErrToken
		}
		c, err = a.issue(r, key, inv.Token)
		return err
	})
	return c, err
}

// invitation finds the one of a name and a token's digest, if it still holds. What was issued to the name and revoked later takes the invitations before it along.
func (a *Authority) invitation(name, token string) (inv Entry, ok bool) {
	for _, e := range a.all {
		switch {
		case e.Kind != Kiosk || e.Name != name || token == "":
		case e.Did == Invited && e.Token == token && a.now().Before(e.Until):
			inv, ok = e, true
		case e.Did == Revoked && !replaced(e):
			ok = false
		}
	}
	return inv, ok
}

const replacedWhy = "replaced by another key"

func replaced(e Entry) bool { return e.Why == replacedWhy }

// Renew issues a kiosk's certificate again, for the same key and as long a life, until a grace after its end. It refuses one that was revoked or that this authority did
// not issue.
func (a *Authority) Renew(old *x509.Certificate, csr []byte, grace time.Duration) (c *x509.Certificate, err error) {
	err = a.exclusively(func() error {
		e, err := a.renewable(old, grace)
		if err != nil {
			return err
		}
		parsed, err := parseCSR(csr)
		if err != nil {
			return err
		}
		if !bytes.Equal(parsed.RawSubjectPublicKeyInfo, old.RawSubjectPublicKeyInfo) {
			return fmt.Errorf("%w with another key: invite the box anew", ErrNotRenewed)
		}
		r := Request{Kind: Kiosk, Name: e.Name, CSR: csr, Life: max(e.Until.Sub(e.At).Round(time.Minute), 24*time.Hour)}
		key, err := r.check(parsed)
		if err != nil {
			return err
		}
		c, err = a.issue(r, key, "")
		return err
	})
	return c, err
}

// renewable is the entry of a certificate that may be renewed.
func (a *Authority) renewable(old *x509.Certificate, grace time.Duration) (e Entry, err error) {
	if old.CheckSignatureFrom(a.issuing) != nil {
		return e, fmt.Errorf("%w: another authority issued it", ErrNotRenewed)
	}
	serial := old.SerialNumber.Text(16)
	for _, entry := range a.all {
		if entry.Serial != serial {
			continue
		}
		if entry.Did == Revoked {
			return e, fmt.Errorf("%w: it was revoked", ErrNotRenewed)
		}
		e = entry
	}
	switch {
	case e.Did != Issued || e.Kind != Kiosk:
		return e, fmt.Errorf("%w: it is none of a kiosk", ErrNotRenewed)
	case a.now().After(old.NotAfter.Add(grace)):
		return e, fmt.Errorf("%w: it ended on %s, and the grace too: invite the box anew", ErrNotRenewed, old.NotAfter.Format(time.DateOnly))
	}
	return e, nil
}

// Stands gives the name of a kiosk's certificate that is good now.
func (a *Authority) Stands(c *x509.Certificate) (name string, err error) {
	err = a.exclusively(func() error {
		e, err := a.renewable(c, 0)
		name = e.Name
		return err
	})
	return name, err
}
