package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rsc.io/qr"

	"nabz/firmware/whole"
	"nabz/provisioning/authority"
)

type authorityInviteCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"The authority's folder."`
	Name   string `arg:"" help:"The kiosk."`
	Server string `required:"" help:"Where it enrols: https://host:port of clinic enrol."`
	Site   string `help:"Where it is to stand."`
	Hours  int    `default:"72" help:"How long the invitation holds."`
	Days   int    `default:"540" help:"Life of the certificate: three times the longest planned outage."`
	Anew   bool   `help:"Another box may have had the name; its certificate is revoked when this one comes."`
	PNG    string `name:"png" type:"path" help:"File for a QR code of the invitation."`
	secretFlag
}

// Run implements kioskctl authority invite.
func (c authorityInviteCmd) Run() (err error) {
	if u, err := url.Parse(c.Server); err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("--server: %q is no https://host:port", c.Server)
	}
	a, err := c.open(c.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	day := 24 * time.Hour
	token, root, err := a.Invite(authority.Guest{
		Name: c.Name, Site: c.Site, Until: time.Now().Add(time.Duration(c.Hours) * time.Hour), Life: time.Duration(c.Days) * day, Anew: c.Anew,
	})
	if err != nil {
		return err
	}
	line := authority.Invitation{Server: c.Server, Name: c.Name, Token: token, Root: root}.String()
	if c.PNG != "" {
		code, err := qr.Encode(line, qr.M)
		if err == nil {
			err = whole.Write(c.PNG, code.PNG(), 0o600)
		}
		if err != nil {
			return err
		}
	}
	fmt.Println(line)
	return nil
}

type authorityFingerprintCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The authority's folder."`
}

// Run implements kioskctl authority fingerprint; it needs no passphrase.
func (c authorityFingerprintCmd) Run() error {
	print, err := authority.RootFingerprint(c.Dir)
	if err != nil {
		return err
	}
	fmt.Println(print)
	return nil
}

type authorityInventoryCmd struct {
	Dir string `arg:"" type:"existingdir" help:"The authority's folder."`
}

// Run implements kioskctl authority inventory; it needs no passphrase.
func (c authorityInventoryCmd) Run() error {
	raw, err := os.ReadFile(filepath.Join(c.Dir, "log"))
	if err != nil {
		return err
	}
	boxes, err := authority.Inventory(bytes.NewReader(raw), time.Now())
	if err != nil {
		return err
	}
	w := csv.NewWriter(os.Stdout)
	rows := [][]string{{"kiosk", "site", "key", "issued", "until", "standing"}}
	for _, b := range boxes {
		rows = append(rows, []string{b.Name, b.Site, b.Key, b.Issued.Format(time.DateOnly), b.Until.Format(time.DateOnly), b.Standing})
	}
	return w.WriteAll(rows)
}
