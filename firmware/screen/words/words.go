// Package words has every word of the worker's screen, by key and language. Both languages have the same keys; a test holds them to that, and
// to Western digits.
//
// The Urdu words are drafts: none has been read by a native speaker with clinical training yet. AwaitingReview says so, and the build repeats
// it. A file of recorded speech has the key as its name.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed en.json ur.json
var files embed.FS

// Languages are the languages of the screen; the first is the one of a new kiosk.
var Languages = []string{"ur", "en"}

// AwaitingReview are the languages whose words a native clinical reviewer has not read.
var AwaitingReview = []string{"ur"}

var all = func() map[string]map[string]string {
	m := map[string]map[string]string{}
	for _, lang := range Languages {
		raw, err := files.ReadFile(lang + ".json")
		if err != nil {
			panic(err) // it is embedded
		}
		var words map[string]string
		if err := json.Unmarshal(raw, &words); err != nil {
			panic(fmt.Sprintf("%s.json: %v", lang, err)) // a test reads it
		}
		m[lang] = words
	}
	return m
}()

// Of is a word in a language; the key itself where there is none, so that a gap is seen.
func Of(lang, key string) string {
	if w, ok := all[lang][key]; ok {
		return w
	}
	return key
}

// Has says whether a key has a word in every language.
func Has(key string) bool {
	return !slices.ContainsFunc(Languages, func(lang string) bool { return all[lang][key] == "" })
}

// Keys are those of a language, in order.
func Keys(lang string) []string {
	keys := make([]string, 0, len(all[lang]))
	for k := range all[lang] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Dir is the direction of writing.
func Dir(lang string) string {
	if lang == "ur" {
		return "rtl"
	}
	return "ltr"
}
