package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const source = "../.."

// built is one package, made in a folder of its own.
func built(t *testing.T, arch, name string) []byte {
	t.Helper()
	out := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir()) // nothing of where it was made may be in it
	c := cli{Arch: arch, Version: "0.0.1", Commit: "abc", Epoch: 1_764_547_200, Out: out, Module: source, Only: []string{name}}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(out, "*.deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q, %v", found, err)
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestSameBytes: the same sources give the same package, made anew.
func TestSameBytes(t *testing.T) {
	first := built(t, "arm64", "nabz-kiosk")
	if second := built(t, "arm64", "nabz-kiosk"); !bytes.Equal(first, second) {
		t.Errorf("%d and %d bytes, which differ", len(first), len(second))
	}
	dir := t.TempDir()
	deb := filepath.Join(dir, "kiosk.deb")
	if err := os.WriteFile(deb, first, 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	if out, err := exec.Command("dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(root, "usr/share/doc/nabz-kiosk/sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		BomFormat  string
		Components []component
	}
	if err := json.Unmarshal(raw, &bill); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range bill.Components {
		names[c.Name] = c.Version != ""
	}
	for _, want := range []string{"std", "github.com/dgraph-io/badger/v4", "go.bug.st/serial", "@fontsource-variable/noto-nastaliq-urdu"} {
		if !names[want] {
			t.Errorf("the bill of materials lacks %s", want)
		}
	}
	notice, err := os.ReadFile(filepath.Join(root, "usr/share/doc/nabz-kiosk/copyright"))
	if err != nil || !bytes.Contains(notice, []byte("go.bug.st/serial v")) || !bytes.Contains(notice, []byte("SIL OPEN FONT LICENSE")) {
		t.Errorf("the licences: %v, %d bytes", err, len(notice))
	}
	here, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(filepath.Join(root, "usr/bin/kiosk"))
	if err != nil || bytes.Contains(program, []byte(here+"/firmware")) {
		t.Errorf("the program names the folder that it was made in: %v", err)
	}
}

// exposure is the most that systemd's own score of a unit may be; a screen needs the display, the browser its namespaces.
var exposure = map[string]string{"nabz-kiosk.service": "20", "nabz-power.service": "35", "nabz-clinic.service": "20", "nabz-enrol.service": "20", "nabz-screen.service": "50"}

// TestUnits: systemd takes every unit as it is, and finds it closed enough.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob("files/*/usr/lib/systemd/system/*.service")
	if err != nil || len(units) != len(exposure) {
		t.Fatalf("%q, %v", units, err)
	}
	program := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/(kiosk|clinic|cage)`)
	for _, unit := range units {
		name := filepath.Base(unit)
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		there := filepath.Join(t.TempDir(), name) // the programs are not installed here
		if err := os.WriteFile(there, program.ReplaceAll(text, []byte("ExecStart=/bin/true")), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", there).CombinedOutput()
		for _, line := range strings.Split(string(out), "\n") {
			if strings.Contains(line, name) {
				t.Errorf("%s (%v)", line, err)
			}
		}
		out, err = exec.Command("systemd-analyze", "security", "--offline=true", "--threshold="+exposure[name], unit).CombinedOutput()
		if err != nil {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			t.Errorf("%s: %s", name, lines[len(lines)-1])
		}
	}
}

// TestPolicy: the screen's browser shows the kiosk and nothing else.
func TestPolicy(t *testing.T) {
	raw, err := os.ReadFile("files/nabz-kiosk/etc/chromium/policies/managed/nabz.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		URLBlocklist, URLAllowlist []string
		DeveloperToolsAvailability int
	}
	if err := json.Unmarshal(raw, &p); err != nil || len(p.URLBlocklist) != 1 || p.URLBlocklist[0] != "*" || len(p.URLAllowlist) != 1 || p.DeveloperToolsAvailability != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}
