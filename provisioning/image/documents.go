package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// documents writes /usr/share/doc: the example of a configuration, the bill of materials, and the licences.
func (c cli) documents(p Package, root string) error {
	dir := filepath.Join(root, "usr", "share", "doc", p.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	modules, goVersion, err := linked(p, root)
	if err != nil {
		return err
	}
	bill, err := c.bill(p, modules, goVersion)
	if err != nil {
		return err
	}
	notice, err := c.notice(p, modules)
	if err != nil {
		return err
	}
	files := map[string][]byte{"copyright": notice}
	if len(p.Programs) > 0 {
		files["sbom.cdx.json"] = bill
	}
	for _, name := range []string{"README.md", "CHANGELOG.md"} {
		if files[name], err = os.ReadFile(filepath.Join(c.Module, name)); err != nil {
			return err
		}
	}
	if p.Name == "nabz-kiosk" {
		if files["kiosk.toml.example"], err = os.ReadFile(filepath.Join(c.Module, "firmware", "config", "example.toml")); err != nil {
			return err
		}
	}
	for name, raw := range files {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// module is something that is linked into a program.
type module struct{ Path, Version, Sum string }

// linked are the modules of the package's programs.
func linked(p Package, root string) (all []module, goVersion string, err error) {
	for _, name := range p.Programs {
		info, err := buildinfo.ReadFile(filepath.Join(root, "usr", "bin", name))
		if err != nil {
			return nil, "", err
		}
		goVersion = info.GoVersion
		for _, d := range info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			all = append(all, module{d.Path, d.Version, d.Sum})
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return slices.Compact(all), goVersion, nil
}

// component is one of CycloneDX 1.5.
type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
}

// bill is the software bill of materials: CycloneDX 1.5, JSON. It has no serial number and no time of its own: the same sources give the same bill.
func (c cli) bill(p Package, modules []module, goVersion string) ([]byte, error) {
	all := []component{{"library", "std", strings.TrimPrefix(goVersion, "go"), "pkg:golang/std@" + strings.TrimPrefix(goVersion, "go")}}
	for _, m := range modules {
		all = append(all, component{"library", m.Path, m.Version, "pkg:golang/" + m.Path + "@" + m.Version})
	}
	embedded, err := c.embedded(p)
	if err != nil {
		return nil, err
	}
	all = append(all, embedded...)
	return json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata":   map[string]any{"component": component{"application", p.Name, c.Version, ""}},
		"components": all,
	}, "", " ")
}

// fromNPM are the packages of which files are embedded in a program, by its package.
var fromNPM = map[string][]string{
	"nabz-kiosk":  {"@fontsource-variable/noto-nastaliq-urdu", "@fontsource-variable/noto-sans"},
	"nabz-clinic": {"@fontsource-variable/noto-naskh-arabic", "@fontsource-variable/noto-sans", "uplot"},
}

func (c cli) embedded(p Package) (all []component, err error) {
	raw, err := os.ReadFile(filepath.Join(c.Module, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return nil, err
	}
	for _, name := range fromNPM[p.Name] {
		version := lock.Packages["node_modules/"+name].Version
		if version == "" {
			return nil, fmt.Errorf("%s is not in package-lock.json", name)
		}
		all = append(all, component{"library", name, version, "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + version})
	}
	return all, nil
}

// notice is the licence of nabz and those of everything that is in the package.
func (c cli) notice(p Package, modules []module) ([]byte, error) {
	var b bytes.Buffer
	own, err := os.ReadFile(filepath.Join(c.Module, "LICENSE"))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "nabz is licensed under:\n\n%s", own)
	if len(p.Programs) == 0 {
		return b.Bytes(), nil
	}
	root, err := goCommand(c.Module, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := licenceOf(&b, "Go and its standard library", strings.TrimSpace(root)); err != nil {
		return nil, err
	}
	for _, m := range modules {
		dir, err := goCommand(c.Module, "list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return nil, err
		}
		if err := licenceOf(&b, m.Path+" "+m.Version, strings.TrimSpace(dir)); err != nil {
			return nil, err
		}
	}
	for _, name := range fromNPM[p.Name] {
		if err := licenceOf(&b, name, filepath.Join(c.Module, "node_modules", name)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}

// licenceOf adds the licence files of a folder; without one it is an error: nothing goes out without its licence.
func licenceOf(b *bytes.Buffer, name, dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	n := 0
	for _, path := range found {
		base := strings.ToUpper(filepath.Base(path))
		if !strings.HasPrefix(base, "LICENSE") && !strings.HasPrefix(base, "LICENCE") && !strings.HasPrefix(base, "COPYING") && !strings.HasPrefix(base, "NOTICE") {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			if info, serr := os.Stat(path); serr == nil && info.IsDir() {
				continue
			}
			return err
		}
		n++
		fmt.Fprintf(b, "\n%s\n%s (%s):\n\n%s", strings.Repeat("-", 80), name, filepath.Base(path), raw)
	}
	if n == 0 {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	return nil
}
