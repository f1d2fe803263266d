package fhir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

func contentOf(t *testing.T, name string) Content {
	t.Helper()
	c, err := Read(readGolden(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReadsAllThatIsSent: every Observation that a kiosk sends is one that a doctor can read, with a time, and with a number, an answer or a reason.
func TestReadsAllThatIsSent(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		c := contentOf(t, name)
		if n := strings.Count(strings.ReplaceAll(string(readGolden(t, name)), " ", ""), `"resourceType":"Observation"`); len(c.Vitals) != n || n == 0 || c.Others != 0 {
			t.Errorf("%s: read %d of %d, %d others", name, len(c.Vitals), n, c.Others)
		}
		if c.Patient.Value == "" || c.Patient.Type == "" {
			t.Errorf("%s: nobody's", name)
		}
		for _, v := range c.Vitals {
			if len(v.Figures) == 0 && v.Answer == "" && v.Absent == "" || v.Taken.IsZero() || v.Kiosk == "" || !strings.HasPrefix(v.Entry, v.Kiosk+"-") {
				t.Errorf("%s: %+v", name, v)
			}
			if v.ByHand == (v.Device != "") && !v.Mean {
				t.Errorf("%s: by hand %t, device %q", name, v.ByHand, v.Device)
			}
		}
	}
}

func TestRead(t *testing.T) {
	bp := contentOf(t, "bp").Vitals[0]
	if bp.Kind != "bp" || bp.Figures["systolic"].Unit != "mm[Hg]" || bp.Unsure || bp.Retracted {
		t.Errorf("%+v", bp)
	}
	m, ok := bp.Measurement().(vitals.BloodPressure)
	if s, there := m.Systolic.Get(); !ok || !there || string(whole(s)) != string(bp.Figures["systolic"].Value) {
		t.Errorf("measured %+v", m)
	}
	temp := contentOf(t, "temperature-oral").Vitals[0]
	if n, _ := temp.Measurement().(vitals.Temperature).Value.Get(); n < 30_000 || temp.Site == "" || temp.Method == "" {
		t.Errorf("%+v: %d", temp, n)
	}
	for name, is := range map[string]func(Vital) bool{
		"retraction":                     func(v Vital) bool { return v.Retracted },
		"bp-superseding":                 func(v Vital) bool { return strings.HasPrefix(v.Replaces, v.Kiosk+"-") && v.Replaces != v.Entry },
		"bp-mean":                        func(v Vital) bool { return v.Mean },
		"oximetry-unsynchronised":        func(v Vital) bool { return v.Unsure && !v.From.IsZero() && v.Until.After(v.From) },
		"temperature-never-synchronised": func(v Vital) bool { return v.Unsure && v.From.IsZero() && !v.Until.IsZero() },
		"oximetry-weak":                  func(v Vital) bool { return v.Questionable && len(v.Notes) > 0 },
		"bp-absent":                      func(v Vital) bool { return v.Absent == "error" },
		"oximetry-not-performed":         func(v Vital) bool { return v.Absent == "not-performed" },
		"temperature-manual":             func(v Vital) bool { return v.ByHand },
		"condition":                      func(v Vital) bool { return v.Answer != "" },
	} {
		if c := contentOf(t, name); len(c.Vitals) == 0 || !is(c.Vitals[0]) {
			t.Errorf("%s: %+v", name, c.Vitals)
		}
	}
}

// TestReadLeavesOutWhatIsNotOurs: a server's record holds other Observations too, and statuses that a kiosk never sends; they are counted.
func TestReadLeavesOutWhatIsNotOurs(t *testing.T) {
	c, err := Read([]byte(`{"resourceType":"Bundle","entry":[
		{"resource":{"resourceType":"Observation","status":"amended"}},
		{"resource":{"resourceType":"Observation","status":"final","identifier":[{"value":"lab-7"}],"effectiveDateTime":"2026-11-26T10:00:00Z"}},
		{"resource":{"resourceType":"OperationOutcome"}},{}]}`))
	if err != nil || len(c.Vitals) != 0 || c.Others != 2 || c.Patient != (reading.PatientRef{}) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Read([]byte("x")); err == nil {
		t.Error("no JSON was read")
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(b)
		if err != nil {
			return
		}
		for _, v := range c.Vitals {
			v.Measurement()
			if v.Taken.IsZero() {
				t.Error("a vital without a time")
			}
		}
	})
}
