package screen

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"nabz/firmware/clock"
	"nabz/firmware/exam"
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
		Lang    string
		Reached int
	}
	padIn struct {
		guide.Pad
		Lang string
	}
)

func buttonOf(lang string, b guide.Button) buttonIn        { return buttonIn{b, lang} }
func cardOf(lang string, c guide.Card, reached int) cardIn { return cardIn{c, lang, reached} }
func padOf(lang string, p *guide.Pad) padIn                { return padIn{*p, lang} }

// receipts are the four steps of a reading, with what stands for each. Only what the record has gets a tick.
var receipts = []struct{ icon, word string }{
	{"clock", "receipt.none"}, {"clock", "receipt.saved"}, {"online", "receipt.sent"}, {"tick", "receipt.recorded"}, {"eye", "receipt.seen"},
}

func receiptIcon(reached int) string { return receipts[reached].icon }
func receiptWord(reached int) string { return receipts[reached].word }

type (
	scoreIn struct {
		*exam.Score
		Lang  string
		Alarm bool
	}
	yesIn struct {
		OK   bool
		Lang string
	}
)

func scoreOf(lang string, s *exam.Score) scoreIn {
	return scoreIn{s, lang, s.Risk() == "urgent" || s.Risk() == "emergency"}
}

func markOf(lang, icon, label string) buttonIn {
	return buttonIn{guide.Button{Icon: icon, Label: label}, lang}
}

func yesOf(lang string, ok bool) yesIn { return yesIn{ok, lang} }

// isBadge says that what is given is the code of a badge and no PIN.
func isBadge(given string) bool { return len(given) == 16 && strings.Trim(given, "0123456789") == "" }

// Since is when the link came or went, as a time of the day; empty when nobody knows.
func (r rendered) Since() string {
	if r.Link.Since.IsZero() || r.Clock.Source == string(clock.None) {
		return ""
	}
	return r.Link.Since.Format("15:04")
}

// ReachedBy is how far the reading of a card has come: 0 where nothing is known of it.
func (r rendered) ReachedBy(id string) int {
	for i := range r.Receipts {
		if e := &r.Receipts[i]; e.Entry == id {
			n := 0
			for k, at := range []*time.Time{e.Saved, e.Sent, e.Recorded, e.Seen} {
				if at != nil {
					n = k + 1
				}
			}
			return n
		}
	}
	return 0
}

// Waits says since when the oldest reading waits, as a time of the day; empty when none does.
func (r rendered) Waits() string {
	if r.Queue.Waiting == 0 || r.Queue.Oldest.IsZero() || r.Clock.Source == string(clock.None) {
		return ""
	}
	return r.Queue.Oldest.Format("15:04")
}

// Counted counts the day's visits, and how many of them the record has.
func (r rendered) Counted() (c struct{ All, Recorded int }) {
	for _, p := range r.Day {
		c.All++
		if p.Reached >= 3 {
			c.Recorded++
		}
	}
	return c
}

// hour is a time of day, or two dashes.
func hour(t time.Time) template.HTML {
	if t.IsZero() {
		return value("--", "")
	}
	return value(t.Format("15:04"), "")
}

// minutes is a wait as a clock shows it.
func minutes(seconds int) template.HTML {
	return value(fmt.Sprintf("%d:%02d", seconds/60, seconds%60), "")
}
