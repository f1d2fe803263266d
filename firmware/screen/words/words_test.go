package words

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	if d := cmp.Diff(Keys("en"), Keys("ur")); d != "" {
		t.Errorf("keys (-en +ur):\n%s", d)
	}
	for _, lang := range Languages {
		for _, k := range Keys(lang) {
			if strings.TrimSpace(Of(lang, k)) == "" {
				t.Errorf("%s: %s is empty", lang, k)
			}
		}
	}
}

// Digits are the ones of devices and drug labels, and a number with a unit never stands in a sentence: beside Urdu words it would be painted
// the wrong way round.
func TestNoNumbersInSentences(t *testing.T) {
	for _, lang := range Languages {
		for _, k := range Keys(lang) {
			for _, r := range Of(lang, k) {
				if unicode.IsDigit(r) {
					t.Errorf("%s: %s has the digit %q in its words: write it out", lang, k, r)
				}
			}
		}
	}
}

func TestOneSentence(t *testing.T) {
	for _, k := range Keys("ur") {
		if w := Of("ur", k); len([]rune(w)) > 90 {
			t.Errorf("%s has %d letters: nobody reads so much", k, len([]rune(w)))
		}
	}
}
