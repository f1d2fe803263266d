package hwtest

import (
	_ "embed"
	"html/template"
	"io"
	"time"
)

//go:embed sheet.gohtml
var sheetText string

var sheet = template.Must(template.New("sheet").Funcs(template.FuncMap{
	"time": func(t time.Time) string { return t.Format("2006-01-02 15:04") },
}).Parse(sheetText))

// WriteHTML writes a report as one page to print. seal is the short form of its signature; empty where nobody signed it.
func (r Report) WriteHTML(w io.Writer, seal string) error {
	return sheet.Execute(w, struct {
		Report
		Seal                  string
		Good                  bool
		Passed, Failed, Wants int
		Devices               []Row
	}{r, seal, r.Good(), r.Count(Pass), r.Count(Fail), r.Count(Skipped), r.devices()})
}

// devices are the rows that say which device it was.
func (r Report) devices() (all []Row) {
	for _, row := range r.Rows {
		if row.Device != nil {
			all = append(all, row)
		}
	}
	return all
}
