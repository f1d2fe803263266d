package screen

import (
	"bytes"
	"embed"
	"html/template"
	"strconv"
	"strings"

	"nabz/firmware/bidi"
	"nabz/firmware/exam"
	"nabz/firmware/live"
	"nabz/firmware/screen/guide"
	"nabz/firmware/screen/words"
	"nabz/firmware/workers"
)

//go:embed page
var page embed.FS

// office is what a screen knows beside the kiosk's state: who may use it, and what there is to look back at.
type office struct {
	Workers []workers.Worker
	Claimed bool // the technician has a PIN
	Past    []Past
	Lessons []string
	Learned []string
}

// seen is all that a screen is drawn from.
type seen struct {
	State
	office
	session guide.Session
}

// rendered is what the templates see.
type rendered struct {
	guide.Screen
	State
	Session guide.Session
	Dir     string
	Other   string // the other language
	Checks  []check
	Day     []Past
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"button": buttonOf, "card": cardOf, "padOf": padOf, "hour": hour, "code": matrix, "minutes": minutes,
	"draw": drawing, "word": words.Of, "val": value, "letter": bidi.Isolate, "digits": func(p guide.Pad) string { return digits(p) }, "seq": func() []string { return pad },
	"tap":         func(do, value string) string { return strings.TrimSpace(do + " " + value) },
	"rail":        func() []int { return []int{1, 2, 3, 4, 5} },
	"receiptIcon": receiptIcon, "receiptWord": receiptWord, "score": scoreOf, "mark": markOf, "yes": yesOf, "badge": isBadge,
	"voiced":   voiced,
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
	if p.Secret {
		return strings.Repeat("•", len(p.Typed))
	}
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

// view is what the guide has to know.
func (s seen) view() guide.View {
	v := guide.View{
		Visit: s.Visit, Full: s.Queue.Full >= 1, Low: s.Power.Low, Leaving: s.Power.Leaving, Looping: s.Trouble.Looping, Checking: s.Bench.Running, Unkept: s.NotSaved != "", Lost: lost(s.Devices), Claimed: s.Claimed, Parked: s.Queue.Parked,
		Starting: s.Starting, Lessons: s.Lessons, Learned: s.Learned,
	}
	if s.Visit != nil && len(s.session.Recent) > 0 {
		v.Number = guide.Masked(s.session.Recent[0])
	}
	for _, w := range s.Workers {
		v.Workers = append(v.Workers, account(w))
	}
	for _, r := range s.Requests {
		v.Requests = append(v.Requests, guide.Request{
			ID: r.ID, Kind: r.Kind, Step: r.Step, Text: r.Text, By: r.By, Time: stood(r.Came, "15:04"), Visit: r.Visit, Patient: r.Patient,
		})
	}
	for _, p := range s.Past {
		v.Past = append(v.Past, over(p))
	}
	return v
}

// quietAfter is how many finished visits it takes until prompts are spoken only when asked for.
const quietAfter = 20

func account(w workers.Worker) guide.Account {
	return guide.Account{
		Number: w.Number, Lang: w.Lang, OneTime: w.OneTime, Quiet: w.Visits >= quietAfter, Left: w.Left,
	}
}

// render writes the page, or with fragment only what changes on it.
func (s seen) render(fragment bool) ([]byte, error) {
	r := rendered{Screen: guide.Of(s.view(), s.session), State: s.State, Session: s.session, Dir: words.Dir(s.session.Lang), Other: "en"}
	r.Session.Typed, r.Session.First = "", "" // a template has no business with what is typed beyond the pad
	if s.session.Lang == "en" {
		r.Other = "ur"
	}
	r.Checks, r.Day = checks(s.State), s.Past
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
