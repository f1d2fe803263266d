package identity

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/est"
)

// Enrol goes on with an enrolment on line from where it is, to its end. It may be cut and called again at any time.
func (f Folder) Enrol(ctx context.Context, now func() time.Time) error {
	e, err := f.Enrolment()
	if err != nil {
		return err
	}
	if e.Server == "" {
		return errors.New("this box was not told where to enrol: give it an invitation, or a stick")
	}
	csr, err := f.Request()
	if err != nil {
		return err
	}
	if err := f.meet(ctx, e); err != nil {
		return err
	}
	c, err := f.client(e, now)
	if err != nil {
		return err
	}
	have, err := f.Certificate()
	if err != nil {
		return err
	}
	if have == nil || e.Token != "" {
		if have, err = c.Enroll(ctx, e.Name, e.Token, csr); err != nil {
			return err
		}
		if f.step != nil {
			f.step("certificate is on its way")
		}
		if err := f.adopt(have, clock(now)); err != nil {
			return err
		}
	}
	return f.fetch(ctx, e, now)
}

// meet takes the authority of the server, once.
func (f Folder) meet(ctx context.Context, e Enrolment) error {
	known, err := f.Authorities()
	if err != nil || len(known) > 0 {
		return err
	}
	all, err := est.Bootstrap(ctx, e.Server, e.Root)
	if err != nil {
		return err
	}
	return f.trust(all)
}

func (f Folder) client(e Enrolment, now func() time.Time) (est.Client, error) {
	roots, err := f.roots()
	c := est.Client{Server: e.Server, Roots: roots, Now: now}
	if err != nil {
		return c, err
	}
	have, err := f.Certificate()
	if err == nil && have != nil {
		c.Cert, err = f.Pair()
	}
	return c, err
}

// fetch gets what goes with a certificate: the revocation lists.
func (f Folder) fetch(ctx context.Context, e Enrolment, now func() time.Time) error {
	c, err := f.client(e, now)
	if err != nil {
		return err
	}
	lists, err := c.Lists(ctx)
	if err != nil {
		return err
	}
	return f.takeLists(lists)
}

// Renew asks the server for the certificate anew, with the same key.
func (f Folder) Renew(ctx context.Context, now func() time.Time) (*x509.Certificate, error) {
	e, err := f.Enrolment()
	if err != nil {
		return nil, err
	}
	if e.Server == "" {
		return nil, errors.New("this kiosk renews by stick: it was not told where to ask")
	}
	csr, err := f.Request()
	if err != nil {
		return nil, err
	}
	c, err := f.client(e, now)
	if err != nil {
		return nil, err
	}
	fresh, err := c.Reenroll(ctx, csr)
	if err != nil {
		return nil, err
	}
	if f.step != nil {
		f.step("certificate is on its way")
	}
	if err := f.adopt(fresh, clock(now)); err != nil {
		return nil, fmt.Errorf("renew: %w", err)
	}
	lists, err := c.Lists(ctx)
	if err == nil {
		err = f.takeLists(lists)
	}
	return fresh, err
}

func clock(now func() time.Time) time.Time {
	if now == nil {
		return time.Now()
	}
	return now()
}

// Invited begins with an invitation, as headquarters wrote it.
func (f Folder) Invited(line, site string) error {
	i, err := authority.ParseInvitation(line)
	if err != nil {
		return err
	}
	return f.Begin(Enrolment{Name: i.Name, Site: site, Server: i.Server, Token: i.Token, Root: i.Root})
}
