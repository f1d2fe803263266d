package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

var exampleTable = table{
	About: []string{"a machine"},
	Rows: []row{
		{"puts", "ratio", map[string]float64{"nabz": 0.91, "sqlite": 0.5, "bbolt": 0.05, reference: 1}, atLeast(0.87), ""},
		{"open", "s", map[string]float64{"nabz": 0.5, "sqlite": 0.004}, below(0.5), "median"},
		{"written", "kB", nil, atMost(6), "not measured: needs root"},
		{"drain", "per s", map[string]float64{"nabz": 33000}, goal{}, ""},
	},
}

func TestTableAsText(t *testing.T) {
	var out bytes.Buffer
	must(t, exampleTable.text(&out))
	want(t, "table", out.String(), `a machine

measure  unit   nabz   sqlite  bbolt   reference  goal     met?  note
puts     ratio  0.91   0.50    0.0500  1.00       >= 0.87  yes   
open     s      0.50   0.0040  -       -          < 0.50   no    median
written  kB     -      -       -       -          <= 6.00  -     not measured: needs root
drain    per s  33000  -       -       -                         
`)
}

func TestTableAsJSON(t *testing.T) {
	var out bytes.Buffer
	must(t, exampleTable.json(&out))
	var got struct {
		Rows []struct {
			Measure, Unit, Goal, Met, Note string
			Values                         map[string]float64
		}
	}
	must(t, json.Unmarshal(out.Bytes(), &got))
	r := got.Rows[0]
	want(t, "first row", []any{r.Measure, r.Unit, r.Goal, r.Met, r.Values["nabz"]}, []any{"puts", "ratio", ">= 0.87", "yes", 0.91})
	want(t, "not measured", []any{len(got.Rows[2].Values), got.Rows[2].Met, got.Rows[2].Note}, []any{0, "-", "not measured: needs root"})
}

func TestMet(t *testing.T) {
	for _, c := range []struct {
		g    goal
		v    float64
		want string
	}{
		{atLeast(0.8), 0.8, "yes"},
		{atLeast(0.8), 0.79, "no"},
		{atMost(6), 6, "yes"},
		{atMost(6), 6.1, "no"},
		{below(0.5), 0.49, "yes"},
		{below(0.5), 0.5, "no"},
		{goal{}, 1, ""},
	} {
		want(t, c.g.String(), row{values: map[string]float64{"nabz": c.v}, goal: c.g}.met(), c.want)
	}
}
