package screen

import (
	"bytes"
	"embed"
	"html/template"
	"strconv"
	"strings"

	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/screen/guide"
	"nabz/firmware/screen/words"
)

//go:embed page
var page embed.FS

// rendered is what the templates see.
type rendered struct {
	guide.Screen
	State
	Session guide.Session
	Build   string
	Dir     string
	Other   string // the other language
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"button": buttonOf, "card": cardOf, "padOf": padOf, "newest": newest, "hour": hour,
	"draw": drawing, "word": words.Of, "val": value, "digits": func(p guide.Pad) string { return digits(p) }, "seq": func() []string { return pad },
	"tap":      func(do, value string) string { return strings.TrimSpace(do + " " + value) },
	"rail":     func() []int { return []int{1, 2, 3, 4, 5} },
	"railWord": func(lang string, n int) string { return words.Of(lang, "rail."+strconv.Itoa(n)) },
}).ParseFS(page, "page/*.gohtml"))

var pad = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "erase", "0", "next"}

// value writes a number with its unit so that it is painted from left to right, whatever stands around it.
func value(number, unit string) template.HTML {
	text := template.HTMLEscapeString(number)
	if unit != "" {
		text += `<small>&nbsp;` + template.HTMLEscapeString(unit) + `</small>`
	}
	return template.HTML(`<bdi dir="ltr">` + text + `</bdi>`) //nolint:gosec // escaped above
}

// digits are what was typed, with the decimal that the number will have.
func digits(p guide.Pad) string {
	if p.Fixed == 1 && len(p.Typed) > 1 {
		return p.Typed[:len(p.Typed)-1] + "." + p.Typed[len(p.Typed)-1:]
	}
	return p.Typed
}

// lost are the steps whose device is missing.
func lost(devices []live.Device) (steps []exam.Step) {
	measures := map[string][]exam.Step{
		"cuff": {exam.StepBP}, "oximeter": {exam.StepOximetry}, "thermometer": {exam.StepTemperature},
		"monitor": {exam.StepBP, exam.StepOximetry},
	}
	for _, d := range devices {
		if d.State == "missing" {
			steps = append(steps, measures[d.Name]...)
		}
	}
	return steps
}

// render writes the page, or with fragment only what changes on it.
func render(s State, session guide.Session, fragment bool) ([]byte, error) {
	v := guide.View{Visit: s.Visit, Full: s.Queue.Full >= 1, Unkept: s.NotSaved != "", Lost: lost(s.Devices)}
	if s.Visit != nil && len(session.Recent) > 0 {
		v.Number = guide.Masked(session.Recent[0])
	}
	r := rendered{Screen: guide.Of(v, session), State: s, Session: session, Build: s.Version, Dir: words.Dir(session.Lang), Other: "en"}
	if session.Lang == "en" {
		r.Other = "ur"
	}
	name := "page.gohtml"
	if fragment {
		name = "screen.gohtml"
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
