package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"

	"nabz/firmware/whole"
	"nabz/provisioning/identity"
)

// identityFlag says where a box keeps who it is.
type identityFlag struct {
	Identity string `type:"path" default:"/etc/nabz/identity" help:"Folder in which this box keeps who it is."`
}

func (f identityFlag) folder() identity.Folder { return identity.Folder{Dir: f.Identity} }

// enrolCmd makes a box a kiosk of a programme.
type enrolCmd struct {
	Invitation string `arg:"" optional:"" help:"The line that headquarters wrote, or its QR code said: on line."`
	Stick      string `type:"existingdir" help:"Folder of a stick: leaves the request there, or takes the bundle that headquarters put beside it."`
	Name       string `help:"Name of this kiosk, the first time with a stick."`
	Root       string `help:"Fingerprint of the authority's root, the first time with a stick; headquarters tells it."`
	Site       string `help:"Where this box stands, for its label."`
	identityFlag
}

// Help implements kong.HelpProvider.
func (enrolCmd) Help() string {
	return `The key is born in this box and never leaves it. Cut at any moment, "kioskctl enrol" goes on where it was; nothing has to be typed again.
Without anything to go on with, in a terminal, it asks.

On line, with the line that headquarters wrote:
  kioskctl enrol 'https://clinic.example:8443/bhu-12#6T8V-0P4D-WJ5K-Q2MC.9N3R-7B1X-C8ZE-D4HF'

With a stick, twice: it leaves bhu-12.csr, headquarters signs it, it takes bhu-12.nabz:
  kioskctl enrol --name bhu-12 --stick /media/stick
  kioskctl enrol --stick /media/stick --root 9N3R-7B1X-C8ZE-D4HF`
}

// Run implements kioskctl enrol.
func (c enrolCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	f := c.folder()
	if err := c.begin(ctx, f); err != nil {
		return err
	}
	e, err := f.Enrolment()
	if err != nil {
		return err
	}
	switch {
	case c.Stick != "":
		done, err := c.byStick(f, e)
		if err != nil || !done {
			return err
		}
	default:
		if err := f.Enrol(ctx, nil); err != nil {
			return fmt.Errorf("enrol %s: %w; kioskctl enrol goes on from here", e.Name, err)
		}
	}
	return told(f)
}

// begin takes up what was given or, in a terminal, is asked for.
func (c *enrolCmd) begin(ctx context.Context, f identity.Folder) error {
	switch {
	case c.Invitation != "":
		return f.Invited(c.Invitation, c.Site)
	case c.Name != "":
		return f.Begin(identity.Enrolment{Name: c.Name, Site: c.Site})
	}
	_, err := f.Enrolment()
	if !errors.Is(err, identity.ErrNone) {
		return err
	}
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return errors.New("this box has no enrolment yet: give the invitation, or --name and --stick")
	}
	return c.guide(ctx, f)
}

// byStick takes the bundle of a stick, or leaves the request there.
func (c enrolCmd) byStick(f identity.Folder, e identity.Enrolment) (done bool, err error) {
	path := filepath.Join(c.Stick, identity.BundleName(e.Name))
	raw, err := os.ReadFile(path)
	if err == nil {
		if err := f.Take(raw, c.Root, time.Now()); err != nil {
			return false, fmt.Errorf("%s: %w", path, err)
		}
		return true, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if path, err = f.Leave(c.Stick); err != nil {
		return false, err
	}
	fmt.Printf("%s is on the stick: headquarters signs it (kioskctl authority sign) and puts %s beside it; then kioskctl enrol --stick %s\n",
		path, identity.BundleName(e.Name), c.Stick)
	return false, nil
}

func told(f identity.Folder) error {
	r, err := f.Record()
	if err != nil {
		return err
	}
	fmt.Printf("this box is %s until %s; its fingerprint is %s\n", r.Name, r.Until.Format(time.DateOnly), r.Fingerprint)
	return nil
}

// labelCmd writes what is stuck on a box, and what an inventory has of it.
type labelCmd struct {
	Out string `type:"existingdir" default:"." help:"Folder for NAME.svg and NAME.json."`
	identityFlag
}

// Help implements kong.HelpProvider.
func (labelCmd) Help() string {
	return `Writes NAME.svg, a label of 62 by 29 mm with the kiosk's name, site, fingerprint and a QR code of them, and NAME.json for the inventory.

Example:
  kioskctl label --out /media/stick`
}

// Run implements kioskctl label.
func (c labelCmd) Run() error {
	r, err := c.folder().Record()
	if err != nil {
		return err
	}
	svg, err := r.Label()
	if err != nil {
		return err
	}
	record, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for ext, raw := range map[string][]byte{".svg": svg, ".json": append(record, '\n')} {
		if err := whole.Write(filepath.Join(c.Out, r.Name+ext), raw, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("wrote %s and %s\n", filepath.Join(c.Out, r.Name+".svg"), filepath.Join(c.Out, r.Name+".json"))
	return nil
}
