package screen

import (
	"html/template"
	"slices"
	"time"

	"nabz/firmware/screen/guide"
)

// What parts of the templates see: a thing and the language it is to be shown in.
type (
	buttonIn struct {
		guide.Button
		Lang string
	}
	cardIn struct {
		guide.Card
		Lang string
	}
	padIn struct {
		guide.Pad
		Lang string
	}
)

func buttonOf(lang string, b guide.Button) buttonIn { return buttonIn{b, lang} }
func cardOf(lang string, c guide.Card) cardIn       { return cardIn{c, lang} }
func padOf(lang string, p *guide.Pad) padIn         { return padIn{*p, lang} }

// rows is how many readings fit on the smallest screen.
const rows = 5

// newest are the readings of the list, newest first.
func newest(all []Receipt) []Receipt {
	some := slices.Clone(all[max(0, len(all)-rows):])
	slices.Reverse(some)
	return some
}

// hour is a time of day, or two dashes.
func hour(t *time.Time) template.HTML {
	if t == nil {
		return value("--", "")
	}
	return value(t.Format("15:04"), "")
}
