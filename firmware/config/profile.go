package config

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Profile is what headquarters says of a site: a text in the form of kiosk.toml, with a head and without what is the box's own.
//
//	[profile]
//	kiosks = ["bhu-12", "layyah-*"]
//	version = 7                      # goes up
//	note = "a second oximeter"
//	[exam]
//	...
type Profile struct {
	Kiosks  []string // names and patterns (*)
	Version uint64
	Note    string
	text    []byte
}

// own are the keys of kiosk.toml that are the box's and never a profile's: who it is, where its files and ports are, and what opens doors.
var own = []string{
	"name", "identity", "data", "practice", "screen.listen", "broker.ca", "broker.cert", "broker.key", "broker.username", "broker.password_file", "lessons", "staff.export", "board", "watch",
}

// ParseProfile reads the text of a profile. What it says is held to the rules of kiosk.toml only together with a box's own (Merge).
func ParseProfile(text []byte) (Profile, error) {
	var head struct {
		Profile struct {
			Kiosks  []string `toml:"kiosks"`
			Version uint64   `toml:"version"`
			Note    string   `toml:"note"`
		} `toml:"profile"`
	}
	if err := toml.Unmarshal(text, &head); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	p := Profile{Kiosks: head.Profile.Kiosks, Version: head.Profile.Version, Note: head.Profile.Note, text: text}
	if p.Version == 0 || len(p.Kiosks) == 0 {
		return Profile{}, errors.New("profile: give [profile] with kiosks and a version from 1 on")
	}
	for _, k := range p.Kiosks {
		if _, err := path.Match(k, ""); err != nil {
			return Profile{}, fmt.Errorf("profile.kiosks: %q is no pattern", k)
		}
	}
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	for _, key := range own {
		if has(all, strings.Split(key, ".")) {
			return Profile{}, fmt.Errorf("profile: %s is the box's own: leave it out", key)
		}
	}
	return p, nil
}

func has(table map[string]any, key []string) bool {
	v, ok := table[key[0]]
	if !ok || len(key) == 1 {
		return ok
	}
	below, ok := v.(map[string]any)
	return ok && has(below, key[1:])
}

// For says whether the profile is meant for a kiosk.
func (p Profile) For(kiosk string) bool {
	return slices.ContainsFunc(p.Kiosks, func(pattern string) bool {
		ok, err := path.Match(pattern, kiosk)
		return err == nil && ok
	})
}

// Merge checks the text of a kiosk.toml with what a profile says over it; nil is no profile. A list or a device that the profile has takes the place of the whole one.
func Merge(local []byte, p *Profile) (Config, error) {
	f := defaults()
	if err := decode(local, &f); err != nil || p == nil {
		if err != nil {
			return Config{}, err
		}
		return f.check()
	}
	var all map[string]any
	if err := toml.Unmarshal(p.text, &all); err != nil {
		return Config{}, fmt.Errorf("profile: %w", err)
	}
	for key, forget := range map[string]func(){
		"worker": func() { f.Worker = nil }, "oximeter": func() { f.Oximeter = device{} }, "cuff": func() { f.Cuff = device{} },
		"thermometer": func() { f.Thermometer = device{} }, "monitor": func() { f.Monitor = device{} },
	} {
		if _, said := all[key]; said {
			forget()
		}
	}
	if has(all, []string{"exam", "urgent"}) {
		f.Exam.Urgent = nil
	}
	if err := decode(p.text, &struct {
		*file
		Profile any `toml:"profile"`
	}{file: &f}); err != nil {
		return Config{}, fmt.Errorf("profile: %w", err)
	}
	c, err := f.check()
	if err != nil {
		return Config{}, fmt.Errorf("profile: %w", err)
	}
	if !p.For(c.Name) {
		return Config{}, fmt.Errorf("profile: it is for %s, and this is %s", strings.Join(p.Kiosks, ", "), c.Name)
	}
	c.Profile = p.Version
	return c, nil
}

// decode reads a text strictly.
func decode(raw []byte, into any) error {
	dec := toml.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return unknownKeys(strict)
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, col := at.Position()
		return fmt.Errorf("line %d, column %d: %w", row, col, err)
	}
	return err
}
