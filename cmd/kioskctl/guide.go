package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"charm.land/huh/v2"

	"nabz/firmware/wire"
	"nabz/provisioning/authority"
	"nabz/provisioning/identity"
)

// guide asks a technician for what an enrolment needs.
func (c *enrolCmd) guide(ctx context.Context, f identity.Folder) error {
	online, line := true, ""
	stick := "/media"
	if mounted, err := filepath.Glob("/media/*"); err == nil && len(mounted) == 1 {
		stick = mounted[0]
	}
	form := huh.NewForm( // one question at a time
		huh.NewGroup(huh.NewSelect[bool]().Title("How does this box get its certificate?").Options(
			huh.NewOption("On line: I have an invitation", true),
			huh.NewOption("With a stick: there is no link here", false),
		).Value(&online)),
		huh.NewGroup(huh.NewInput().Title("Invitation").Description("Scan its QR code, or type the line that headquarters wrote.").Value(&line).
			Validate(func(s string) error { _, err := authority.ParseInvitation(s); return err })).WithHideFunc(func() bool { return !online }),
		huh.NewGroup(huh.NewInput().Title("Name of this kiosk").Description("As headquarters has it: a-z, 0-9 and -").Value(&c.Name).
			Validate(wire.CheckKiosk)).WithHideFunc(func() bool { return online }),
		huh.NewGroup(huh.NewInput().Title("Folder of the stick").Value(&stick).Validate(isFolder)).WithHideFunc(func() bool { return online }),
		huh.NewGroup(huh.NewInput().Title("Where does this box stand?").Description("For its label.").Value(&c.Site)),
	)
	if err := form.RunWithContext(ctx); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if online {
		return f.Invited(line, c.Site)
	}
	c.Stick = stick
	return f.Begin(identity.Enrolment{Name: c.Name, Site: c.Site})
}

func isFolder(path string) error {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", path)
	}
	return nil
}
