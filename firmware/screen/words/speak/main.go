// Command speak makes the robotic prompts of the worker's screen with Debian's espeak-ng and opusenc: one file a screen and language, below the folder
// that is named. They are for training; recordings of people take their place (see firmware/screen/recorded). A prompt whose words are those of
// its file already is left alone.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"nabz/firmware/screen/words"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: speak FOLDER\n\nExample:\n  go run ./firmware/screen/words/speak firmware/screen/voice")
		os.Exit(2)
	}
	if err := speakAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "speak:", err)
		os.Exit(1)
	}
}

func speakAll(dir string) error {
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	for _, lang := range words.Languages {
		if err := os.MkdirAll(filepath.Join(dir, lang), 0o755); err != nil {
			return err
		}
		for _, key := range words.Keys(lang) {
			name, ok := strings.CutSuffix(key, ".body")
			if !ok {
				continue
			}
			title := name + ".title"
			if !words.Has(title) {
				title = name // a lesson's name is its title
			}
			text := words.Of(lang, title) + "\n" + words.Of(lang, key)
			g.Go(func() error { return speak(lang, text, filepath.Join(dir, lang, name+".opus")) })
		}
	}
	return g.Wait()
}

// speak makes one file, and beside it the hash of its words.
func speak(lang, text, path string) error {
	hash := sha256.Sum256([]byte(text))
	said := hex.EncodeToString(hash[:])
	if old, err := os.ReadFile(path + ".sum"); err == nil && string(old) == said {
		return nil
	}
	voice := exec.Command("espeak-ng", "-v", lang, "-s", "130", "--stdout", text)
	small := exec.Command("opusenc", "--quiet", "--bitrate", "24", "-", path)
	var err error
	if small.Stdin, err = voice.StdoutPipe(); err != nil {
		return err
	}
	if err := errors.Join(small.Start(), voice.Run(), small.Wait()); err != nil {
		return fmt.Errorf("%s: %w: apt-get install espeak-ng opus-tools", path, err)
	}
	return os.WriteFile(path+".sum", []byte(said), 0o644)
}
