package bidi

import "testing"

// TestLettersKeepTheirNumbers: a doctor's words are text and nothing else, and their numbers are isolated from the direction around them.
func TestLettersKeepTheirNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"فون 042-1234567 پر": `فون <bdi dir="ltr">042-1234567</bdi> پر`,
		"+92 42 1234567":     `<bdi dir="ltr">+92 42 1234567</bdi>`,
		"SpO2 < 92 %":        `SpO<bdi dir="ltr">2</bdi> &lt; <bdi dir="ltr">92 %</bdi>`,
		"120/80, 3":          `<bdi dir="ltr">120/80, 3</bdi>`,
		"<b>1</b> don't":     `&lt;b&gt;<bdi dir="ltr">1</bdi>&lt;/b&gt; don&#39;t`,
	} {
		if got := string(Isolate(text)); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
