package config

import (
	"strings"
	"testing"
	"time"
)

const box = `name = "bhu-12"
[oximeter]
protocol = "contec"
usb = "10C4:EA60"
[exam]
readings = 2
[[worker]]
number = "7"
pin = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
`

func profile(t *testing.T, text string) *Profile {
	t.Helper()
	p, err := ParseProfile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// TestMerge: a profile's word stands before the box's, a device's whole, and what it leaves out stays.
func TestMerge(t *testing.T) {
	p := profile(t, `
[profile]
kiosks = ["layyah-*", "bhu-1?"]
version = 7
note = "a Nonin instead"
[oximeter]
protocol = "nonin"
path = "/dev/ttyS1"
[exam]
rest = "3m"
order = ["oximetry", "blood-pressure"]
[exam.urgent]
saturation = [88, 100]
[screen]
language = "en"
`)
	c, err := Merge([]byte(box), p)
	if err != nil {
		t.Fatal(err)
	}
	if c.Oximeter != (Device{Protocol: "nonin", Path: "/dev/ttyS1"}) || c.Exam.Rest != 3*time.Minute || c.Exam.Readings != 2 || len(c.Exam.Order) != 2 ||
		c.Exam.Urgent["saturation"].Low != 88 || c.Language != "en" || len(c.Workers) != 1 || c.Name != "bhu-12" {
		t.Errorf("%+v", c)
	}
	if c, err := Merge([]byte(box), nil); err != nil || c.Oximeter.Protocol != "contec" {
		t.Errorf("without: %+v, %v", c, err)
	}
}

// TestProfileRefused: what a profile may not say, and what is no profile.
func TestProfileRefused(t *testing.T) {
	head := "[profile]\nkiosks=[\"*\"]\nversion=1\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":         {"", "kiosks and a version"},
		"no version":      {"[profile]\nkiosks=[\"*\"]\n", "kiosks and a version"},
		"no kiosk":        {"[profile]\nversion=1\n", "kiosks and a version"},
		"no pattern":      {"[profile]\nkiosks=[\"[\"]\nversion=1\n", "no pattern"},
		"not TOML":        {"[profile", "profile:"},
		"another name":    {"name=\"bhu-13\"\n" + head, "name is the box's own"},
		"its data":        {"data=\"/\"\n" + head, "data is the box's own"},
		"its key":         {head + "[broker]\nkey=\"/x\"", "broker.key is the box's own"},
		"its screen":      {head + "[screen]\nlisten=\"0.0.0.0:80\"", "screen.listen is the box's own"},
		"practice":        {"practice=true\n" + head, "practice is the box's own"},
		"an unknown key":  {head + "[exam]\npause=\"1m\"", `unknown key "exam.pause"`},
		"a broken rule":   {head + "[exam]\ngap=\"1s\"", "exam.gap:"},
		"another kiosk's": {"[profile]\nkiosks=[\"bhu-13\"]\nversion=1\n", "it is for bhu-13, and this is bhu-12"},
	} {
		p, err := ParseProfile([]byte(c.text))
		if err == nil {
			_, err = Merge([]byte(box), &p)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzProfile(f *testing.F) {
	f.Add("[profile]\nkiosks=[\"*\"]\nversion=1\n[exam]\nrest=\"3m\"")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProfile([]byte(text))
		if err != nil {
			return
		}
		if c, err := Merge([]byte(box), &p); err == nil && (c.Name != "bhu-12" || c.Practice || c.Data != "/var/lib/nabz" || c.Exam.Gap < time.Minute) {
			t.Errorf("%q makes %+v", text, c)
		}
	})
}
