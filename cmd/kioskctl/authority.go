package main

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"nabz/provisioning/authority"
	"nabz/provisioning/identity"
)

// authorityCmd is what headquarters does.
type authorityCmd struct {
	Create authorityCreateCmd `cmd:"" help:"Make the authority of a programme, once."`
	Sign   authoritySignCmd   `cmd:"" help:"Give certificates to requests."`
	Revoke authorityRevokeCmd `cmd:"" help:"Take the certificates of a name back."`
	Lists  authorityListsCmd  `cmd:"" help:"Write the revocation lists anew."`
	Log    authorityLogCmd    `cmd:"" help:"What was issued and revoked, and whether that record is whole."`

	Invite      authorityInviteCmd      `cmd:"" help:"Let one box enrol itself on line, once."`
	Fingerprint authorityFingerprintCmd `cmd:"" help:"Of the root: what a technician types where there is no link."`
	Inventory   authorityInventoryCmd   `cmd:"" help:"Every kiosk as the log has it, as CSV."`
}

// Help implements kong.HelpProvider.
func (authorityCmd) Help() string {
	return `The authority's folder belongs on a machine at headquarters that is off when nobody needs it, and on a second medium in a safe. Its passphrase is read from the
first line of standard input, or from --passphrase.

Examples:
  kioskctl authority create hq --programme 'Layyah telehealth' < passphrase
  kioskctl authority invite hq bhu-12 --server https://clinic.example:8443 < passphrase
  kioskctl authority sign hq --kind kiosk --days 540 bhu-12.csr < passphrase
  kioskctl authority revoke hq --kind kiosk bhu-12 --why stolen < passphrase
  kioskctl authority log hq`
}

// secretFlag is where a passphrase comes from.
type secretFlag struct {
	Passphrase string `type:"path" help:"File whose first line is the passphrase; standard input where it is left out."`
}

func (f secretFlag) read() (string, error) {
	in := os.Stdin
	if f.Passphrase != "" {
		var err error
		if in, err = os.Open(f.Passphrase); err != nil {
			return "", err
		}
		defer in.Close() // only read
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.Join(errors.New("no passphrase came"), err)
	}
	return line, nil
}

func (f secretFlag) open(dir string) (*authority.Authority, error) {
	passphrase, err := f.read()
	if err != nil {
		return nil, err
	}
	return authority.Open(dir, passphrase)
}

type authorityCreateCmd struct {
	Dir       string `arg:"" type:"path" help:"Folder that is made."`
	Programme string `required:"" help:"Its name, as certificates say it."`
	Cost      int    `default:"18" help:"Work of one guess at the passphrase, in powers of two: 18 is about a second."`
	secretFlag
}

// Run implements kioskctl authority create.
func (c authorityCreateCmd) Run() error {
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	if err := authority.Create(c.Dir, c.Programme, passphrase, c.Cost); err != nil {
		return err
	}
	fmt.Printf("made %s: give ca.crt and ca.crl to the broker, ca.crt to kiosks and clinics, and keep a copy of the folder in a safe\n", c.Dir)
	return nil
}

type authoritySignCmd struct {
	Dir      string   `arg:"" type:"existingdir" help:"The authority's folder."`
	Requests []string `arg:"" type:"existingfile" help:"Requests (PKCS #10), one name each; the certificate is written beside each as .crt, and for a kiosk a bundle as .nabz."`
	Kind     string   `required:"" enum:"kiosk,clinic,server,signer" help:"kiosk, clinic, server, or signer of site profiles."`
	Days     int      `default:"540" help:"Life: three times the longest planned outage."`
	Also     []string `help:"Further names and addresses of a server."`
	Anew     bool     `help:"The name may have a certificate with another key, which is then revoked: the box was replaced."`
	secretFlag
}

// Run implements kioskctl authority sign.
func (c authoritySignCmd) Run() (err error) {
	a, err := c.open(c.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, file := range c.Requests {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := authority.NameOf(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		cert, err := a.Issue(authority.Request{
			Kind: authority.Kind(c.Kind), Name: name, CSR: raw, Life: time.Duration(c.Days) * 24 * time.Hour, Also: c.Also, Anew: c.Anew,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		base := strings.TrimSuffix(file, filepath.Ext(file))
		if c.Kind == string(authority.Kiosk) {
			if err := c.bundle(a, cert, base); err != nil {
				return err
			}
		}
		out := base + ".crt"
		if err := os.WriteFile(out, append(authority.Chain(cert), a.Trusted()...), 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %s %s until %s\n", out, c.Kind, name, cert.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// bundle writes what goes to a kiosk on a stick.
func (c authoritySignCmd) bundle(a *authority.Authority, cert *x509.Certificate, base string) error {
	lists, err := os.ReadFile(filepath.Join(c.Dir, "ca.crl"))
	if err != nil {
		return err
	}
	content, err := identity.Bundle{
		Name: cert.Subject.CommonName, Certificate: string(authority.Chain(cert)), Authorities: string(a.Trusted()), Lists: string(lists),
	}.Encode()
	if err != nil {
		return err
	}
	raw, err := a.Sign(content)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(base), identity.BundleName(cert.Subject.CommonName)), raw, 0o644)
}

type authorityRevokeCmd struct {
	Dir  string `arg:"" type:"existingdir" help:"The authority's folder."`
	Name string `arg:"" help:"Whose certificates."`
	Kind string `required:"" enum:"kiosk,clinic,server,signer" help:"kiosk, clinic, server, or signer of site profiles."`
	Why  string `required:"" help:"For the log."`
	secretFlag
}

// Run implements kioskctl authority revoke.
func (c authorityRevokeCmd) Run() (err error) {
	a, err := c.open(c.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Revoke(authority.Kind(c.Kind), c.Name, c.Why); err != nil {
		return err
	}
	fmt.Printf("revoked: give %s to the broker and start it again\n", filepath.Join(c.Dir, "ca.crl"))
	return nil
}

type authorityListsCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The authority's folder."`
	secretFlag
}

// Run implements kioskctl authority lists.
func (c authorityListsCmd) Run() (err error) {
	a, err := c.open(c.Dir)
	if err != nil {
		return err
	}
	return errors.Join(a.RenewLists(), a.Close())
}

type authorityLogCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The authority's folder."`
}

// Run implements kioskctl authority log; it needs no passphrase.
func (c authorityLogCmd) Run() (err error) {
	f, err := os.Open(filepath.Join(c.Dir, "log"))
	if err != nil {
		return err
	}
	defer f.Close() // only read
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	err = authority.ReadLog(f, func(e authority.Entry) {
		until := ""
		if !e.Until.IsZero() {
			until = "until " + e.Until.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.DateTime), e.Did, e.Kind, e.Name, until, e.Why)
	})
	return errors.Join(w.Flush(), err)
}
