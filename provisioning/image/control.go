package main

import (
	"crypto/md5" //nolint:gosec // the form of DEBIAN/md5sums
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// scripts are those of DEBIAN that dpkg runs.
var scripts = []string{"postinst", "prerm", "postrm"}

// control writes the folder DEBIAN.
func (c cli) control(p Package, arch, root string) error {
	var sums strings.Builder
	size := int64(0)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		size += int64(len(raw))
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(raw), rel)
		return err
	})
	if err != nil {
		return err
	}
	short, long, _ := strings.Cut(p.About, "\n")
	var b strings.Builder
	fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: nabz <nabz@nabz.example>\nInstalled-Size: %d\n", p.Name, c.Version, arch, (size+1023)/1024)
	for field, value := range map[string]string{"Depends": p.Depends} {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", field, strings.ReplaceAll(value, "${version}", c.Version))
		}
	}
	if p.Recommends != "" {
		fmt.Fprintf(&b, "Recommends: %s\n", p.Recommends)
	}
	fmt.Fprintf(&b, "Section: misc\nPriority: optional\nDescription: %s\n%s\n", short, long)
	files := map[string]string{"control": b.String(), "md5sums": sums.String()}
	if len(p.Conffiles) > 0 {
		files["conffiles"] = strings.Join(p.Conffiles, "\n") + "\n"
	}
	if len(p.Units) > 0 || p.Name == "nabz-broker" {
		files["postinst"], files["prerm"], files["postrm"] = p.postinst(), p.prerm(), postrm
	}
	dir := filepath.Join(root, "DEBIAN")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// postinst makes users and reads the rules anew. Units are enabled once and run when there is a configuration: a machine on which one was disabled keeps that.
func (p Package) postinst() string {
	units := strings.Join(p.Units, " ")
	return fmt.Sprintf(`#!/bin/sh
set -e
if [ "$1" = configure ]; then
	users=/usr/lib/sysusers.d/%s.conf
	if [ -e "$users" ] && command -v systemd-sysusers >/dev/null; then systemd-sysusers "$users"; fi
	for unit in %s; do
		if [ -z "$2" ] && command -v deb-systemd-helper >/dev/null; then deb-systemd-helper enable "$unit" >/dev/null || true; fi
	done
	if [ "%s" = nabz-kiosk ]; then
		install -d -m 0755 /etc/nabz
		install -d -m 0700 -o nabz -g nabz /etc/nabz/identity
	fi
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		if [ "%s" = nabz-kiosk ]; then udevadm control --reload; udevadm trigger --subsystem-match=tty --subsystem-match=i2c-dev --subsystem-match=gpio; fi
		for unit in %s; do systemctl restart "$unit" || true; done
	fi
fi
`, p.Name, units, p.Name, p.Name, units)
}

func (p Package) prerm() string {
	return fmt.Sprintf(`#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	for unit in %s; do systemctl stop "$unit" || true; done
fi
`, strings.Join(p.Units, " "))
}

// postrm leaves the data and the identity where they are, also on purge: readings that were not sent are nobody's to delete.
const postrm = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
`
