package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"nabz/firmware/whole"
	"nabz/firmware/wire"
	"nabz/provisioning/access"
	"nabz/provisioning/authority"
)

// requestCmd makes a key where it stays.
type requestCmd struct {
	Name    string `arg:"" help:"Name of the kiosk or the clinic, or a server's host."`
	Out     string `type:"existingdir" default:"." help:"Folder for the key and the requests."`
	Clinic  bool   `xor:"kind" help:"Of a clinic: a request for each of its connections, all of one key."`
	Replica bool   `xor:"kind" help:"Of a replica of a clinic's pages: likewise."`
}

// Help implements kong.HelpProvider.
func (requestCmd) Help() string {
	return `Makes NAME.key, readable by its owner only, and NAME.csr for "kioskctl authority sign". The key is born here and never leaves. A key that is there already
is used again: that is how a certificate is renewed, and how a power cut half-way ends with one identity.

Examples:
  kioskctl request bhu-12 --out /etc/nabz
  kioskctl request clinic-1 --clinic --out /etc/nabz`
}

// Run implements kioskctl request.
func (c requestCmd) Run() error {
	names := []string{c.Name}
	if c.Clinic || c.Replica {
		names = access.Connections(c.Name, c.Replica)
		if err := wire.CheckKiosk(c.Name); err != nil {
			return err
		}
	}
	path := filepath.Join(c.Out, c.Name+".key")
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = authority.NewKey(); err == nil {
			err = whole.Write(path, key, 0o600)
		}
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		csr, err := authority.RequestOf(key, name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		out := filepath.Join(c.Out, name+".csr")
		if err := whole.Write(out, csr, 0o644); err != nil {
			return err
		}
		fmt.Println(out)
	}
	return nil
}

// brokerConfigCmd writes a broker's rules.
type brokerConfigCmd struct {
	Out      string   `arg:"" type:"existingdir" help:"Folder for mosquitto.conf and acl."`
	At       string   `default:"/etc/mosquitto/kiosk" help:"Where the broker finds acl, ca.crt, ca.crl, server.crt and server.key."`
	State    string   `default:"/var/lib/mosquitto" help:"Where it keeps what it persists."`
	Port     int      `default:"8883" help:"Port of the listener."`
	Practice bool     `help:"For the practice root, which has an authority and a broker of its own."`
	Clinic   []string `default:"clinic-1" help:"Clinics that receive."`
	Replica  []string `help:"Replicas of their pages."`

	NATS      bool   `name:"nats" help:"For nats-server instead: nats.conf, with the kiosks of --authority whose certificates stand."`
	Authority string `type:"existingdir" help:"The authority's folder; needs no passphrase."`
}

// Help implements kong.HelpProvider.
func (brokerConfigCmd) Help() string {
	return `Writes the rules for Mosquitto 2.0: only certificates of the authority come in, the certificate's name is user name and client id, and a kiosk speaks only for itself.

For nats-server, which knows no revocation list, the kiosks are listed: write nats.conf anew and have it read (nats-server --signal reload) when one is enrolled or revoked.

Examples:
  kioskctl broker-config /etc/mosquitto/kiosk --clinic clinic-1
  kioskctl broker-config /etc/nats --at /etc/nats --state /var/lib/nats --nats --authority hq`
}

// Run implements kioskctl broker-config.
func (c brokerConfigCmd) Run() error {
	o := access.Opts{Root: wire.Root(c.Practice), Dir: c.At, State: c.State, Port: c.Port, Clinics: c.Clinic, Replicas: c.Replica}
	if c.NATS {
		return c.nats(o)
	}
	conf, acl, err := access.Mosquitto(o)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"mosquitto.conf": conf, "acl": acl} {
		if err := whole.Write(filepath.Join(c.Out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("wrote %s and %s\n", filepath.Join(c.Out, "mosquitto.conf"), filepath.Join(c.Out, "acl"))
	return nil
}

func (c brokerConfigCmd) nats(o access.Opts) error {
	raw, err := os.ReadFile(filepath.Join(c.Authority, "log"))
	if err != nil || c.Authority == "" {
		return errors.Join(errors.New("--nats needs --authority, whose log says which kiosks there are"), err)
	}
	boxes, err := authority.Inventory(bytes.NewReader(raw), time.Now())
	if err != nil {
		return err
	}
	var kiosks []string
	for _, b := range boxes {
		if b.Standing == "good" {
			kiosks = append(kiosks, b.Name)
		}
	}
	conf, err := access.NATS(o, kiosks)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Out, "nats.conf")
	if err := whole.Write(path, []byte(conf), 0o644); err != nil {
		return err
	}
	fmt.Printf("wrote %s for %d kiosks\n", path, len(kiosks))
	return nil
}
