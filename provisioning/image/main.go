package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Arch    string `required:"" enum:"arm64,armhf,amd64" help:"Debian's name of the architecture."`
	Version string `required:"" help:"Of the packages; begins with a digit."`
	Commit  string `default:"unknown" help:"That the programs say they are of."`
	Epoch   int64  `required:"" help:"Time of every file, seconds since 1970: the commit's."`
	Out     string `required:"" type:"path" help:"Folder for the packages."`
	Module  string `default:"." type:"existingdir" help:"Root of the module."`

	Only []string `help:"Packages; all where it is left out."`
}

func main() {
	var c cli
	kong.Parse(&c, kong.Name("image"), kong.Description("Builds the Debian packages."))
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// Package is one that is built.
type Package struct {
	Name       string
	Programs   []string // of cmd/
	All        bool     // the same for every architecture
	Depends    string
	Recommends string
	About      string // first line, and what follows
	Conffiles  []string
	Units      []string // enabled at first installation
}

var packages = []Package{
	{
		Name: "nabz-tools", Programs: []string{"kioskctl"}, Depends: "",
		About: "tools of telehealth kiosks\n kioskctl: status, queue and devices of a kiosk, enrolment, and a programme's\n own certificate authority.",
	},
	{
		Name: "nabz-kiosk", Programs: []string{"kiosk"}, Depends: "nabz-tools (= ${version}), udev, systemd", Recommends: "cage, chromium, fonts-noto-core",
		About:     "telehealth kiosk for basic health units\n Reads blood pressure, oxygen, pulse and temperature, keeps every reading\n through power cuts and sends it to the health record.",
		Conffiles: []string{"/etc/chromium/policies/managed/nabz.json"}, Units: []string{"nabz-kiosk.service", "nabz-screen.service", "nabz-power.path"},
	},
	{
		Name: "nabz-clinic", Programs: []string{"clinic"}, Depends: "systemd", Recommends: "nabz-tools",
		About: "the clinic's side of telehealth kiosks\n Receives, records as FHIR R4, answers, and serves the doctor's pages.",
		Units: []string{"nabz-clinic.service", "nabz-enrol.service"},
	},
	{
		Name: "nabz-broker", All: true, Depends: "mosquitto (>= 2.0), nabz-tools", About: "Mosquitto for telehealth kiosks\n Runs Mosquitto by the rules that kioskctl broker-config wrote.",
	},
}

// goArch is what the Go tool calls an architecture.
var goArch = map[string][]string{"arm64": {"GOARCH=arm64"}, "armhf": {"GOARCH=arm", "GOARM=7"}, "amd64": {"GOARCH=amd64"}}

func (c cli) run() error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	for _, p := range packages {
		if len(c.Only) > 0 && !slices.Contains(c.Only, p.Name) {
			continue
		}
		if err := c.build(p); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

func (c cli) build(p Package) (err error) {
	root, err := os.MkdirTemp("", p.Name+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	arch := c.Arch
	if p.All {
		arch = "all"
	}
	for _, step := range []func() error{
		func() error { return c.copyFiles(p, root) },
		func() error { return c.programs(p, root) },
		func() error { return c.documents(p, root) },
		func() error { return c.control(p, arch, root) },
		func() error { return settle(root, time.Unix(c.Epoch, 0)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	out := filepath.Join(c.Out, fmt.Sprintf("%s_%s_%s.deb", p.Name, c.Version, arch))
	cmd := exec.Command("dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", root, out)
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", c.Epoch))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w: %s", err, said)
	}
	fmt.Println(out)
	return nil
}

func (c cli) copyFiles(p Package, root string) error {
	return os.CopyFS(root, os.DirFS(filepath.Join(c.Module, "provisioning", "image", "files", p.Name)))
}

// programs builds what the package has of cmd/.
func (c cli) programs(p Package, root string) error {
	for _, name := range p.Programs {
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", fmt.Sprintf("-s -w -buildid= -X main.version=%s -X main.commit=%s", c.Version, c.Commit),
			"-o", filepath.Join(root, "usr", "bin", name), "./cmd/"+name)
		cmd.Dir = c.Module
		cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux"), goArch[c.Arch]...)
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", name, err, said)
		}
	}
	return nil
}

// settle gives every file its time and mode.
func settle(root string, at time.Time) error {
	var all []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all = append(all, path)
		mode := os.FileMode(0o644)
		if rel, _ := filepath.Rel(root, path); d.IsDir() || strings.HasPrefix(rel, "usr/bin/") || slices.Contains(scripts, filepath.Base(path)) {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(all) { // what is in a folder before the folder
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
	}
	return nil
}
