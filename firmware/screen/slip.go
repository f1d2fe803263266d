package screen

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/screen/guide"
)

// over is a visit of the day as the guide shows it.
func over(p Past) guide.Over {
	return guide.Over{
		ID: p.ID, Number: guide.Masked(p.Patient), Time: stood(p.Began, "15:04"), Reached: p.Reached, Parked: p.Parked,
		Withdrawn: p.View.Step == exam.StepCancelled && withdrawn(p.View), View: p.View, Row: row(p),
	}
}

// stood is a time in some form, or dashes when it is not known: no other time may stand for it.
func stood(t time.Time, form string) string {
	if t.IsZero() {
		return "--"
	}
	return t.Format(form)
}

func withdrawn(v exam.View) bool {
	for _, r := range v.Readings {
		if !r.Retracted {
			return false
		}
	}
	return true
}

// row is the visit as a row of the paper register: one line, parted by semicolons, in Western digits, with what stands.
func row(p Past) string {
	parts := []string{stood(p.Began, "2006-01-02 15:04"), p.Patient.Value}
	if p.Patient.Birth != "" {
		parts = append(parts, p.Patient.Birth)
	}
	if p.Patient.Sex != "" {
		parts = append(parts, string(p.Patient.Sex))
	}
	newest := map[string]string{}
	var kinds []string
	for _, r := range p.View.Readings {
		if r.Superseded || r.Retracted {
			continue
		}
		if newest[r.Kind] == "" {
			kinds = append(kinds, r.Kind)
		}
		newest[r.Kind] = inWords(r)
	}
	for _, k := range kinds {
		parts = append(parts, newest[k])
	}
	return strings.Join(append(parts, p.Operator), "; ")
}

// inWords is one reading in the words of a register.
func inWords(r exam.Shown) string {
	text := ""
	switch {
	case r.Absent != "":
		return r.Kind + " --"
	case r.BP != nil:
		text = "BP " + bare(r.BP.Systolic) + "/" + bare(r.BP.Diastolic) + " mmHg"
	case r.Oximetry != nil:
		text = "SpO2 " + r.Oximetry.SpO2.String() + ", pulse " + r.Oximetry.Pulse.String()
	case r.Temperature != nil:
		text = "T --"
		if milli, known := r.Temperature.Value.Get(); known {
			text = "T " + vitals.Decimal(int(milli+50)/100, 1) + " °C"
		}
	case r.Respiration != nil:
		text = "RR " + r.Respiration.Rate.String()
	case r.Condition != nil:
		text = strings.Trim(strings.Join([]string{string(r.Condition.Consciousness), string(r.Condition.Breathing), string(r.Condition.Pregnancy)}, ", "), ", ")
	}
	if r.Method == "manual" {
		text += " (by hand)"
	}
	return text
}

// bare is a number without its unit, or two dashes.
func bare(n vitals.Maybe[vitals.MmHg]) string {
	value, known := n.Get()
	if !known {
		return "--"
	}
	return strconv.Itoa(int(value))
}

// matrix is a text as a QR code, drawn as one path.
func matrix(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	size := code.Size + 8             // four modules of quiet around it
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers only
		`<svg class="code" viewBox="0 0 %d %d" role="img" aria-label="QR"><path d="%s"/></svg>`, size, size, path.String())), nil
}
