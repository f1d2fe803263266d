package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"nabz/firmware/config"
	"nabz/firmware/whole"
)

// bundleCmd gathers what somebody far away needs to find a fault.
type bundleCmd struct {
	onBox
	Out string `arg:"" type:"path" help:"File to write, such as /media/stick/bhu-12.zip."`
}

// Help implements kong.HelpProvider.
func (bundleCmd) Help() string {
	return `One zip file: what the kiosk says of itself now, its gauges, how it ran, its checks, who did what (by id), its configuration without PINs, and its log. No
patient and no value is in it, and no key. It works whether the kiosk runs or not; what cannot be had is named in the file missing.txt.

Example:
  kioskctl bundle /media/stick/bhu-12.zip`
}

// gathered is one file of the bundle.
type gathered struct {
	name string
	get  func() ([]byte, error)
}

// Run implements kioskctl bundle.
func (c bundleCmd) Run() error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kioskctl:", err) // a bundle is wanted just then
		cfg.Data = "/var/lib/nabz"
	}
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	missing := ""
	for _, g := range c.gather(cfg) {
		raw, err := g.get()
		if err != nil {
			missing += g.name + ": " + err.Error() + "\n"
			continue
		}
		if err := member(w, g.name, raw); err != nil {
			return err
		}
	}
	if err := errors.Join(member(w, "missing.txt", []byte(missing)), w.Close()); err != nil {
		return err
	}
	if err := whole.Write(c.Out, z.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	fmt.Printf("%s: %d kB\n", c.Out, (z.Len()+999)/1000)
	return nil
}

func member(w *zip.Writer, name string, raw []byte) error {
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
	if err == nil {
		_, err = f.Write(raw)
	}
	return err
}

func (c bundleCmd) gather(cfg config.Config) []gathered {
	kiosk := client{Kiosk: "http://" + cfg.Listen}
	dir := filepath.Join(cfg.Data, "live")
	if cfg.Practice {
		dir = filepath.Join(cfg.Data, "practice")
	}
	file := func(path string) func() ([]byte, error) {
		return func() ([]byte, error) { return os.ReadFile(path) }
	}
	all := []gathered{
		{"version.txt", func() ([]byte, error) {
			return fmt.Appendf(nil, "kioskctl %s %s, %s/%s, %s\n", version, commit, runtime.GOOS, runtime.GOARCH, time.Now().Format(time.RFC3339)), nil
		}},
		{"export.json", func() ([]byte, error) { return kiosk.fetch("GET", "/api/export") }},
		{"metrics.txt", func() ([]byte, error) { return kiosk.fetch("GET", "/metrics") }},
		{"runs.json", file(filepath.Join(dir, "runs.json"))},
		{"audit.log", file(filepath.Join(dir, "audit.log"))},
		{"kiosk.toml", func() ([]byte, error) {
			raw, err := os.ReadFile(c.Config)
			return redact(raw), err
		}},
		{"meminfo.txt", file("/proc/meminfo")},
		{"mounts.txt", file("/proc/mounts")},
		{"journal.txt", func() ([]byte, error) {
			return exec.Command("journalctl", "-u", "nabz-kiosk", "-u", "nabz-screen", "-n", "3000", "--no-pager", "-o", "short-iso").Output()
		}},
	}
	reports, _ := filepath.Glob(filepath.Join(cfg.Data, "checks", "*.json")) // its one error is a bad pattern
	for _, r := range reports {
		all = append(all, gathered{"checks/" + filepath.Base(r), file(r)})
	}
	return all
}

// secretLines are those of kiosk.toml whose value opens something.
var secretLines = regexp.MustCompile(`(?m)^(\s*(?:pin|technician_pin|password|password_file|username)\s*=).*$`)

func redact(toml []byte) []byte { return secretLines.ReplaceAll(toml, []byte("$1 \"(left out)\"")) }
