package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// columns of figures, in order.
var columns = append(append([]string{}, storeNames...), reference)

// reference is the column of what the disk can do at all.
const reference = "reference"

// table is the result of a run.
type table struct {
	About []string `json:"about"` // what the figures depend on
	Rows  []row    `json:"rows"`
}

// row is one measure. A column that is not in values was not measured.
type row struct {
	measure, unit string
	values        map[string]float64
	goal          goal
	note          string
}

// goal is what nabz is held to; the zero value is none.
type goal struct {
	relation string // >=, <= or <
	bound    float64
}

func atLeast(bound float64) goal { return goal{">=", bound} }
func atMost(bound float64) goal  { return goal{"<=", bound} }
func below(bound float64) goal   { return goal{"<", bound} }

func (g goal) String() string {
	if g.relation == "" {
		return ""
	}
	return g.relation + " " + figure(g.bound)
}

// met says yes, no, - when nabz was not measured, and nothing when there is no goal.
func (r row) met() string {
	v, measured := r.values["nabz"]
	switch {
	case r.goal.relation == "":
		return ""
	case !measured:
		return "-"
	case r.goal.holds(v):
		return "yes"
	}
	return "no"
}

func (g goal) holds(v float64) bool {
	switch g.relation {
	case ">=":
		return v >= g.bound
	case "<=":
		return v <= g.bound
	}
	return v < g.bound
}

// figure prints three digits or so.
func figure(v float64) string {
	switch {
	case v == 0 || v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func (r row) cell(column string) string {
	if v, measured := r.values[column]; measured {
		return figure(v)
	}
	return "-"
}

// MarshalJSON gives a row the names of the printed table.
func (r row) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Measure string             `json:"measure"`
		Unit    string             `json:"unit"`
		Values  map[string]float64 `json:"values"`
		Goal    string             `json:"goal,omitempty"`
		Met     string             `json:"met,omitempty"`
		Note    string             `json:"note,omitempty"`
	}{r.measure, r.unit, r.values, r.goal.String(), r.met(), r.note})
}

func (t table) json(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(t)
}

func (t table) text(out io.Writer) error {
	for _, line := range t.About {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprint(w, "\nmeasure\tunit\t", tabbed(columns), "goal\tmet?\tnote\n"); err != nil {
		return err
	}
	for _, r := range t.Rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = r.cell(c)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s%s\t%s\t%s\n", r.measure, r.unit, tabbed(cells), r.goal, r.met(), r.note); err != nil {
			return err
		}
	}
	return w.Flush()
}

func tabbed(cells []string) (line string) {
	for _, c := range cells {
		line += c + "\t"
	}
	return line
}
