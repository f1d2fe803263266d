package hwtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers is the import table of ARCHITECTURE.md: which packages of nabz a package may import. A pattern that ends in /... stands for
// everything below. The first rule that matches a package counts; a package without a rule is an error.
var layers = []struct {
	pkg  string
	from []string
}{
	{"drivers/vitals", nil},
	{"drivers/frame/...", nil},
	{"drivers/port", nil},
	{"drivers/sim", []string{"drivers/vitals"}},
	{"drivers/monitor", []string{"drivers/vitals", "drivers/frame", "drivers/oximeter", "drivers/bpcuff", "drivers/thermometer"}},
	{"drivers/catalogue", []string{
		"drivers/vitals", "drivers/frame", "drivers/oximeter", "drivers/bpcuff", "drivers/thermometer", "drivers/monitor",
	}},
	{"drivers/detect", []string{"drivers/vitals", "drivers/frame", "drivers/port", "drivers/catalogue"}},
	{"drivers/...", []string{"drivers/vitals", "drivers/frame"}},
	{"queue", nil},
	{"firmware/clock", []string{"drivers/vitals", "firmware/whole"}},
	{"firmware/tape", nil},
	{"firmware/secret", nil},
	{"firmware/bidi", nil},
	{"firmware/pulse", nil},
	{"firmware/whole", nil},
	{"firmware/upkeep", []string{"drivers/vitals", "firmware/clock", "firmware/pulse", "firmware/whole"}},
	{"firmware/requests", []string{"firmware/clock", "firmware/wire"}},
	{"firmware/workers", []string{"firmware/clock", "firmware/secret"}},
	{"firmware/audit", []string{"firmware/clock", "firmware/chain"}},
	{"firmware/chain", nil},
	{"firmware/live", []string{"drivers/vitals"}},
	{"firmware/power", []string{"drivers/vitals", "drivers/board"}},
	{"firmware/config", []string{"drivers/vitals"}},
	{"firmware/reading", []string{"drivers/vitals", "firmware/clock"}},
	{"firmware/fhir/fhirtest", []string{"drivers/vitals", "firmware/clock", "firmware/reading", "firmware/fhir"}},
	{"firmware/wire", []string{"drivers/vitals", "firmware/clock", "firmware/reading"}},
	{"firmware/fhir", []string{"drivers/vitals", "firmware/clock", "firmware/reading"}},
	{"firmware/exam", []string{"drivers/vitals", "firmware/clock", "firmware/reading"}},
	{"firmware/visits", []string{"drivers/vitals", "firmware/clock", "firmware/reading", "firmware/exam"}},
	{"firmware/validity", nil},
	{"firmware/broker", []string{"firmware/validity"}},
	{"firmware/seal", nil},
	{"firmware/uplink", []string{"queue", "firmware/clock", "firmware/reading", "firmware/wire", "firmware/fhir", "firmware/broker", "firmware/seal", "firmware/pulse"}},
	{"firmware/switchboard", []string{"drivers/port", "drivers/detect", "drivers/catalogue"}},
	{"firmware/screen/words", nil},
	{"firmware/screen/words/speak", []string{"firmware/screen/words"}},
	{"firmware/screen/guide", []string{"drivers/vitals", "firmware/reading", "firmware/exam"}},
	{"firmware/screen", []string{
		"firmware/screen/...", "drivers/vitals", "firmware/config", "firmware/clock", "firmware/reading", "firmware/exam", "firmware/visits", "firmware/live",
		"firmware/workers", "firmware/audit", "firmware/bidi", "firmware/pulse",
	}},
	{"firmware", []string{"firmware/...", "drivers/...", "queue"}},
	{"provisioning/signed", nil},
	{"provisioning/image", nil},
	{"provisioning/est", []string{"provisioning/authority", "firmware/validity"}},
	{"provisioning/...", []string{"firmware/config", "firmware/wire", "firmware/chain", "firmware/pulse", "firmware/whole", "provisioning/..."}},
	{"hwtest/queuebench", []string{"queue"}},
	{"hwtest/distrust", nil},
	{"hwtest/touch", nil},
	{"hwtest/wardbench", []string{"hwtest/stage", "drivers/sim", "drivers/vitals", "firmware/...", "queue"}},
	{"hwtest/kioskbench", []string{"hwtest/stage", "firmware/exam", "firmware/screen"}},
	{"hwtest/stage", []string{"drivers/sim", "drivers/vitals", "drivers/port", "firmware/..."}},
	{"hwtest/powercut/card", nil},
	{"hwtest/hil", []string{"hwtest/powercut/card", "hwtest/powercut/machine", "hwtest/stage", "drivers/sim", "firmware/exam", "firmware/screen"}},
	{"hwtest/powercut/machine", nil},
	{"hwtest/powercut/work", []string{"queue"}},
	{"hwtest/powercut/...", []string{"hwtest/powercut/...", "hwtest/stage", "queue", "firmware/exam", "firmware/screen"}},
	{"hwtest", []string{"drivers/...", "queue", "firmware/...", "provisioning/..."}},
	{"cmd/clinic/internal/clinictest", []string{"cmd/clinic/internal/...", "firmware/...", "drivers/vitals", "queue", "provisioning/authority"}},
	{"cmd/clinic/internal/...", []string{
		"firmware/wire", "firmware/fhir", "firmware/reading", "firmware/clock", "firmware/broker", "firmware/secret", "firmware/bidi", "firmware/seal", "drivers/vitals", "firmware/config", "firmware/audit",
		"provisioning/signed", "cmd/clinic/internal/...",
	}},
	{"cmd/clinic", []string{"firmware/...", "drivers/vitals", "cmd/clinic/internal/...", "provisioning/authority", "provisioning/est"}},
	{"cmd/...", []string{"firmware/...", "drivers/...", "queue", "provisioning/...", "hwtest", "hwtest/stage"}},
}

// fences says where a library may be imported at all.
var fences = map[string][]string{
	"go.bug.st/serial":                   {"drivers/port"},
	"periph.io/x/host":                   {"drivers/port"},
	"github.com/warthog618/go-gpiocdev":  {"drivers/port"},
	"periph.io/x/conn":                   {"drivers/...", "firmware", "hwtest", "hwtest/stage", "hwtest/hil"},
	"github.com/dgraph-io/badger":        {"queue", "firmware/visits", "cmd/clinic/internal/ledger"},
	"github.com/pelletier/go-toml":       {"firmware/config"},
	"github.com/klauspost/compress/zstd": {"firmware/wire"},
	"github.com/eclipse/paho.mqtt":       {"firmware/broker"},
	"github.com/nats-io":                 {"cmd/clinic/internal/bus", "provisioning/access"}, // there its tests alone
	"github.com/google/go-tpm":           {"drivers/board"},
	"github.com/prometheus":              {"firmware/upkeep"},
	"github.com/coreos/go-systemd":       {"firmware/upkeep"},
	"filippo.io/age":                     {"provisioning/authority"},
	"github.com/smallstep/pkcs7":         {"provisioning/signed", "provisioning/est"},
	"charm.land/huh/v2":                  {"cmd/kioskctl"},
	"github.com/coreos/go-oidc":          {"cmd/clinic/internal/door"},
	"golang.org/x/oauth2":                {"cmd/clinic/internal/door"},
	"modernc.org/sqlite":                 {"hwtest/queuebench"},
	"go.etcd.io/bbolt":                   {"hwtest/queuebench"},
	"github.com/ulikunitz/xz":            {"hwtest/powercut/machine"},
	"golang.org/x/sync/errgroup":         {"firmware", "firmware/screen/words/speak", "cmd/...", "hwtest/stage"},
}

// TestLayers parses the imports of every file, tests too, but lets a test import what its package may not: a test wires real parts.
func TestLayers(t *testing.T) {
	seen := 0
	for file, pkg := range goFiles(t) {
		seen++
		for _, imported := range imports(t, file) {
			checkFence(t, file, pkg, imported)
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			if own, ok := strings.CutPrefix(imported, "nabz/"); ok {
				checkLayer(t, file, pkg, own)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d Go files found: the test looks at the wrong folder", seen)
	}
}

func checkLayer(t *testing.T, file, pkg, imported string) {
	for _, rule := range layers {
		if !matches(rule.pkg, pkg) {
			continue
		}
		if !slices.ContainsFunc(rule.from, func(p string) bool { return matches(p, imported) }) {
			t.Errorf("%s: %s may not import %s", file, pkg, imported)
		}
		return
	}
	t.Errorf("%s: package %s has no rule: add it to the import table", file, pkg)
}

func checkFence(t *testing.T, file, pkg, imported string) {
	if strings.HasSuffix(file, "_test.go") {
		return
	}
	for lib, where := range fences {
		if strings.HasPrefix(imported, lib) && !slices.ContainsFunc(where, func(p string) bool { return matches(p, pkg) }) {
			t.Errorf("%s: %s belongs in %s only", file, imported, strings.Join(where, ", "))
		}
	}
}

func matches(pattern, pkg string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == root || strings.HasPrefix(pkg, root+"/")
	}
	return pattern == pkg
}

// goFiles yields every Go file of the module with its package's path.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || len(d.Name()) > 2 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if strings.HasSuffix(file, ".go") {
			rel, err := filepath.Rel("..", file)
			if err != nil {
				return err
			}
			files[file] = path.Dir(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestTopLevel holds the top level to its fixed names.
func TestTopLevel(t *testing.T) {
	fixed := []string{
		"cmd", "drivers", "firmware", "queue", "provisioning", "hwtest", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
		"CHANGELOG.md", "ARCHITECTURE.md", "package.json", "package-lock.json", "node_modules", "bin",
	}
	entries, err := filepath.Glob("../*")
	if err != nil || len(entries) == 0 {
		t.Fatalf("cannot list the top level: %v", err)
	}
	for _, e := range entries {
		if name := filepath.Base(e); !slices.Contains(fixed, name) && name[0] != '.' {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}
