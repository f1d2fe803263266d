package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"nabz/firmware/config"
	"nabz/provisioning/signed"
)

// profileCmd is what headquarters says of a site.
type profileCmd struct {
	Sign profileSignCmd `cmd:"" help:"Sign a profile, for a kiosk to take."`
	Show profileShowCmd `cmd:"" help:"What a signed profile says."`
}

// Help implements kong.HelpProvider.
func (profileCmd) Help() string {
	return `A profile is a text in the form of kiosk.toml with a head, [profile] with kiosks and version, and without what is the box's own. A kiosk takes it by stick (NAME.profile) or from
its clinic (clinic serve --profiles), if it is newer than any before; tries it when nobody is measured; and takes it back when a device or the link no longer works with it.

Examples:
  kioskctl request profiles-1 --out hq && kioskctl authority sign hq --kind signer hq/profiles-1.csr
  kioskctl profile sign layyah.toml --cert hq/profiles-1.crt --key hq/profiles-1.key --kiosk-toml kiosk.toml --out bhu-12.profile
  kioskctl profile show bhu-12.profile`
}

type profileSignCmd struct {
	File string `arg:"" type:"existingfile" help:"The profile."`
	Cert string `required:"" type:"existingfile" help:"Certificate of a signer, with its authority's."`
	Key  string `required:"" type:"existingfile" help:"Its key."`
	Box  string `name:"kiosk-toml" type:"existingfile" help:"A kiosk.toml that the profile has to be good with."`
	Out  string `required:"" type:"path" help:"File that is written."`
}

// Run implements kioskctl profile sign.
func (c profileSignCmd) Run() error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	p, err := config.ParseProfile(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if err := c.fits(&p); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	for _, der := range pair.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		chain = append(chain, cert)
	}
	if chain[0].IsCA || len(chain[0].ExtKeyUsage) != 1 || chain[0].ExtKeyUsage[0] != x509.ExtKeyUsageCodeSigning || len(chain) < 2 {
		return fmt.Errorf("%s is no signer's: kioskctl authority sign --kind signer", c.Cert)
	}
	raw, err := signed.Sign(text, pair.PrivateKey, chain[0], chain[1])
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, raw, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: version %d for %s\n", c.Out, p.Version, strings.Join(p.Kiosks, ", "))
	return nil
}

// fits holds the profile to the rules of kiosk.toml together with a box's own, or with the least that one can say.
func (c profileSignCmd) fits(p *config.Profile) error {
	box := []byte(fmt.Sprintf("name = %q\n", strings.ReplaceAll(p.Kiosks[0], "*", "x")))
	name := "a kiosk.toml with a name alone"
	if c.Box != "" {
		var err error
		if box, err = os.ReadFile(c.Box); err != nil {
			return err
		}
		name = c.Box
	}
	if _, err := config.Merge(box, p); err != nil {
		return fmt.Errorf("with %s: %w", name, err)
	}
	return nil
}

type profileShowCmd struct {
	File string `arg:"" type:"existingfile" help:"The signed profile."`
}

// Run implements kioskctl profile show. It asks nobody whether the signature is to be trusted.
func (c profileShowCmd) Run() error {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	text, err := signed.Peek(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	_, err = os.Stdout.Write(text)
	return err
}
