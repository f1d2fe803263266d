package site

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// all are the words of the pages by language and key. The Urdu ones are drafts that a native clinical reviewer has not read.
var all = func() map[string]map[string]string {
	m := map[string]map[string]string{}
	for _, lang := range []string{"en", "ur"} {
		raw, err := files.ReadFile("page/" + lang + ".json")
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

// word is a word in a language; the key itself where there is none, so that a gap is seen.
func word(lang, key string) string {
	if w, ok := all[lang][key]; ok {
		return w
	}
	return key
}

// language is the one that was asked for last; a browser that never asked gets English.
func language(w http.ResponseWriter, r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); all[asked] != nil {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: asked, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		return asked
	}
	if c, err := r.Cookie("lang"); err == nil && all[c.Value] != nil {
		return c.Value
	}
	return "en"
}
