// Package bidi keeps numbers readable in what people write: within Urdu 042-1234567 would stand on a page as 1234567-042 (Unicode UAX 9).
package bidi

import (
	"html/template"
	"regexp"
	"strings"
)

// numbers in a text: telephone numbers, pressures, times, parts of a whole.
var numbers = regexp.MustCompile(`[+]?[0-9](?:[0-9 .,/:()–-]*[0-9])?(?:\s?%)?`)

// Isolate is a text in any language, escaped, whose numbers are painted from left to right.
func Isolate(text string) template.HTML {
	var b strings.Builder
	end := 0
	for _, at := range numbers.FindAllStringIndex(text, -1) {
		b.WriteString(template.HTMLEscapeString(text[end:at[0]]) + `<bdi dir="ltr">` + template.HTMLEscapeString(text[at[0]:at[1]]) + `</bdi>`)
		end = at[1]
	}
	b.WriteString(template.HTMLEscapeString(text[end:]))
	return template.HTML(b.String()) //nolint:gosec // every part is escaped
}
