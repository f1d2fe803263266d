package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// change is an edit of a parsed Bundle: the value at a path such as "entry.3.resource.status" is set, or removed when value is remove.
type change struct {
	path  string
	value any
}

type removed struct{}

var remove = removed{}

func apply(t *testing.T, doc any, c change) any {
	t.Helper()
	head, rest, more := strings.Cut(c.path, ".")
	next := change{rest, c.value}
	switch v := doc.(type) {
	case map[string]any:
		switch {
		case more:
			v[head] = apply(t, v[head], next)
		case c.value == remove:
			delete(v, head)
		default:
			v[head] = c.value
		}
		return v
	case []any:
		if head == "+" {
			return append(v, c.value)
		}
		i, err := strconv.Atoi(head)
		if err != nil || i >= len(v) {
			t.Fatalf("no element %q", head)
		}
		switch {
		case more:
			v[i] = apply(t, v[i], next)
		case c.value == remove:
			return append(v[:i:i], v[i+1:]...)
		default:
			v[i] = c.value
		}
		return v
	}
	t.Fatalf("nothing at %q", c.path)
	return nil
}

func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(goldenFile(name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func obj(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func TestCheckRefuses(t *testing.T) {
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			d := json.NewDecoder(bytes.NewReader(readGolden(t, c.from)))
			d.UseNumber()
			var doc any
			if err := d.Decode(&doc); err != nil {
				t.Fatal(err)
			}
			for _, edit := range c.changes {
				doc = apply(t, doc, edit)
			}
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Check(raw, base, strings.HasSuffix(c.from, "-practice"))
			if err == nil || !strings.Contains(err.Error(), c.rule) {
				t.Fatalf("got %v\nwant %s", err, c.rule)
			}
			if !onlyRules(err) {
				t.Errorf("the error says more than rules and paths: %v", err)
			}
		})
	}
}

func TestCheckRefusesBytes(t *testing.T) {
	whole := readGolden(t, "bp")
	cases := map[string]struct {
		raw  string
		want string
	}{
		"nothing":   {"", "json"},
		"half":      {string(whole[:len(whole)/2]), "json"},
		"two":       {string(whole) + string(whole), "json"},
		"list":      {"[]", "no-empty-object: Bundle"},
		"null":      {"null", "no-null: Bundle"},
		"deep":      {strings.Repeat(`{"entry":[`, 1000), "json"},
		"not UTF-8": {strings.Replace(string(whole), "Telehealth", "\xff", 1), "json"},
		"key twice": {
			strings.Replace(string(whole), `"type": "transaction"`, `"type": "batch", "type": "transaction"`, 1), "no-repeated-key: Bundle.type",
		},
		"identifier key twice": {
			strings.Replace(string(whole), `"value": "000123"`, `"value": "7", "value": "000123"`, 1),
			"no-repeated-key: Bundle.entry[0].resource.identifier[0].value",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Check([]byte(c.raw), base, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if _, err := Check(bytes.Repeat([]byte(" "), MaxSize+1), base, false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("64 KiB and a byte: %v", err)
	}
	if _, err := Check(whole, "https://other.example/fhir", false); err == nil {
		t.Error("identifiers of another base were taken")
	}
}

// A receipt must be able to name what it refuses, as far as that can be read.
func TestCheckNamesWhatItRefuses(t *testing.T) {
	raw := bytes.Replace(readGolden(t, "bp"), []byte(`"code": "8867-4"`), []byte(`"code": "1"`), 1)
	s, err := Check(raw, base, false)
	if err == nil || s.ID != kiosk+"-"+readingID || s.Kiosk != kiosk || s.Patient != (Identifier{}) || s.Observations != nil {
		t.Errorf("got %+v, %v", s, err)
	}
}

var rulesOnly = regexp.MustCompile(`^check bundle: ([a-z-]+: Bundle[A-Za-z0-9.\[\]]*\n?)+$`)

// onlyRules says whether an error has nothing but names of rules and paths in it.
func onlyRules(err error) bool {
	return rulesOnly.MatchString(err.Error()) || errors.Is(err, errJSON) || errors.Is(err, ErrTooLarge)
}

func takes(raw []byte, practice bool) bool {
	_, err := Check(raw, base, practice)
	return err == nil
}

func FuzzCheck(f *testing.F) {
	for name, g := range goldens() {
		var line bytes.Buffer
		if err := json.Compact(&line, readGolden(f, name)); err != nil {
			f.Fatal(err)
		}
		f.Add(line.Bytes(), strings.HasSuffix(name, "-practice"))
		if g.entry.Retraction != nil {
			f.Add(line.Bytes(), g.entry.Retraction.Of.Practice)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, practice bool) {
		s, err := Check(raw, base, practice)
		switch {
		case err == nil && (!strings.HasPrefix(s.ID, s.Kiosk+"-") || len(s.Observations) == 0 || s.Patient.Value == ""):
			t.Errorf("taken with an incomplete summary: %+v", s)
		case err == nil && takes(raw, !practice):
			t.Error("taken on both sides")
		case err != nil && !onlyRules(err):
			t.Errorf("the error says more than rules and paths: %v", err)
		}
	})
}
