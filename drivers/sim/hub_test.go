package sim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHubSwapsNames pulls two bridges and plugs them in the other way round: the names stay with the order, not with the bridge.
func TestHubSwapsNames(t *testing.T) {
	hub, err := NewHub(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	serial := func(name string) string {
		t.Helper()
		dir, err := filepath.EvalSymlinks(filepath.Join(hub.Class(), name, "device"))
		must(err)
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(dir)), "serial"))
		must(err)
		return strings.TrimSpace(string(raw))
	}
	p := NewPatient(PatientOpts{})
	cuff, finger := NewPAR(p, Opts{}), NewContec(p, Opts{})
	must(hub.Plug("1-1.1", Bridge{Vendor: "0403", Product: "6001", Serial: "A"}, cuff))
	must(hub.Plug("1-1.2", Bridge{Vendor: "0403", Product: "6001", Serial: "B"}, finger))
	if serial("ttyUSB0") != "A" || serial("ttyUSB1") != "B" {
		t.Error("ports are not named in the order of plugging in")
	}
	must(hub.Pull("1-1.1"))
	must(hub.Pull("1-1.2"))
	must(hub.Plug("1-1.2", Bridge{Vendor: "0403", Product: "6001", Serial: "B"}, finger))
	must(hub.Plug("1-1.1", Bridge{Vendor: "0403", Product: "6001", Serial: "A"}, cuff))
	if serial("ttyUSB0") != "B" || serial("ttyUSB1") != "A" {
		t.Error("ports did not swap their names")
	}
	must(hub.Close())
	if left, err := os.ReadDir(hub.Class()); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return e.IsDir() }) {
		t.Errorf("ports are left: %v, %v", left, err)
	}
}
