package screen

import (
	"embed"
	"io/fs"
)

// voices are spoken prompts, voice/<language>/<key>.opus. "make voice" makes robotic ones for training; a recording of a person, dropped in under the
// same name in recorded/, takes their place. Nothing of the robotic ones is committed.
//
//go:embed all:voice all:recorded
var voices embed.FS

// voiceOf is where the prompt of a key is, or empty when nobody has spoken it.
func voiceOf(lang, key string) string {
	for _, dir := range []string{"recorded", "voice"} {
		path := dir + "/" + lang + "/" + key + ".opus"
		if _, err := fs.Stat(voices, path); err == nil {
			return path
		}
	}
	return ""
}

// voiced is the address of the spoken prompt, or empty.
func voiced(lang, key string) string {
	if voiceOf(lang, key) == "" {
		return ""
	}
	return "/say/" + lang + "/" + key
}

// HasVoice says whether this binary was built with spoken prompts.
func HasVoice() bool { return voiceOf("ur", "ready") != "" }
