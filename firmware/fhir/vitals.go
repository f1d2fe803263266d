package fhir

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

var errBoth = errors.New("the reading has a number and a reason why there is none")

// observe makes the Observations of a reading.
func observe(h head, r reading.Reading) ([]*observation, error) {
	if len(r.DerivedFrom) > 0 && r.Measurement != nil && r.Measurement.Kind() != vitals.KindBloodPressure {
		return nil, errors.New("only a blood pressure can be the mean of other readings")
	}
	var found []*observation
	var err error
	switch m := r.Measurement.(type) {
	case vitals.BloodPressure:
		found, err = bloodPressure(h, m, r.BodySite)
	case vitals.Oximetry:
		found, err = oximetry(h, m, r.Window)
	case vitals.Temperature:
		found, err = temperature(h, m, r.Method)
	case vitals.Respiration:
		found, err = breaths(h, m, r.Window)
	case vitals.Condition:
		found, err = judged(h, m)
	default:
		err = errors.New("the reading has no measurement")
	}
	if err == nil && len(found) == 0 {
		err = errors.New("the reading has neither a number nor the reason why there is none")
	}
	return found, err
}

// bloodPressure is the panel and the cuff's pulse. A mean of several readings is the panel alone: its readings have the rest.
func bloodPressure(h head, m vitals.BloodPressure, site reading.BodySite) ([]*observation, error) {
	mean := len(h.derivedFrom) > 0
	var found []*observation
	switch {
	case m.Systolic.Known() && m.Diastolic.Known() && h.absent != "":
		return nil, errBoth
	case !m.Systolic.Known() && !m.Diastolic.Known() && h.absent == "": // at most a pulse
	case mean:
		found = append(found, newPressure(h, meanPressure,
			number(meanSystolic, m.Systolic, h.absent), number(meanDiastolic, m.Diastolic, h.absent)))
	default:
		found = append(found, newPressure(h, pressure,
			number(systolic, m.Systolic, h.absent), number(diastolic, m.Diastolic, h.absent), optional(arterialMean, m.Mean)...))
	}
	for _, o := range found {
		o.BodySite = cuffSites[site]
	}
	if rate, ok := m.Pulse.Get(); ok && !mean {
		found = append(found, newObservation(h, pulseSuffix, cuffPulse, known(cuffPulse, whole(rate))))
	}
	return found, nil
}

// optional is a component that is left out when its number is not known.
func optional[T ~int](v vital, n vitals.Maybe[T]) []component {
	if !n.Known() {
		return nil
	}
	return []component{number(v, n, "")}
}

// number is a component with its whole number, or the reason why it has none.
func number[T ~int](v vital, n vitals.Maybe[T], why reading.Absent) component {
	if value, ok := n.Get(); ok {
		return part(v, known(v, whole(value)))
	}
	return part(v, missing(why))
}

var cuffSites = map[reading.BodySite]*concept{
	reading.LeftUpperArm:  snomed("368208006", "Left upper arm structure", ""),
	reading.RightUpperArm: snomed("368209003", "Right upper arm structure", ""),
}

func snomed(code, display, text string) *concept {
	return &concept{Coding: []coding{{System: snomedSystem, Code: code, Display: display}}, Text: text}
}

// oximetry is the saturation with the perfusion index, and the pulse, each if it is known.
func oximetry(h head, m vitals.Oximetry, window time.Duration) ([]*observation, error) {
	value, ok := m.SpO2.Get()
	rate, beats := m.Pulse.Get()
	if ok && h.absent != "" {
		return nil, errBoth
	}
	var extra []component
	if index, ok := m.PI.Get(); ok {
		extra = append(extra, part(perfusion, known(perfusion, fraction(index, 2))))
	}
	var found []*observation
	switch {
	case ok:
		found = append(found, newObservation(h, spo2Suffix, saturation, known(saturation, whole(value)), extra...))
	case h.absent != "":
		found = append(found, newObservation(h, spo2Suffix, saturation, missing(h.absent), extra...))
	}
	if beats {
		found = append(found, newObservation(h, pulseSuffix, oximeterPulse, known(oximeterPulse, whole(rate))))
	}
	for _, o := range found {
		o.Method = windowMethod(window, o.answer)
	}
	return found, nil
}

// windowMethod says what stretch of time a value stands for.
func windowMethod(window time.Duration, a answer) *concept {
	if window <= 0 || a.ValueQuantity == nil {
		return nil
	}
	return &concept{Text: fmt.Sprintf("Spot check: median of a stable window of %d s", int64(window.Round(time.Second)/time.Second))}
}

// temperature is the body temperature with its site and mode.
func temperature(h head, m vitals.Temperature, how reading.Method) ([]*observation, error) {
	value, ok := m.Value.Get()
	v := bodyTemperature(m.Site)
	a := missing(h.absent)
	switch {
	case m.Mode == vitals.Surface:
		return nil, errors.New("a surface temperature is not a body temperature and has no code here yet")
	case ok && h.absent != "":
		return nil, errBoth
	case !ok && h.absent == "":
		return nil, nil
	case ok && modes[m.Mode] == "" && how == reading.ByDevice:
		return nil, errors.New("the temperature does not say whether it is direct or predicted")
	case ok:
		a = known(v, fraction(value, 3))
	}
	o := newObservation(h, tempSuffix, v, a)
	o.BodySite, o.Method = temperatureSites[m.Site], temperatureMethod(m)
	return []*observation{o}, nil
}

// temperatureMethod says how the temperature came about, and that its site was not told where that is so.
func temperatureMethod(m vitals.Temperature) *concept {
	text := modes[m.Mode]
	if temperatureSites[m.Site] == nil {
		text = strings.TrimPrefix(text+"; site not told", "; ")
	}
	if text == "" {
		return nil
	}
	return &concept{Text: text}
}

var modes = map[vitals.Mode]string{
	vitals.Direct:    "Direct: at equilibrium with the site",
	vitals.Predicted: "Predicted by the device",
}

// temperatureSites are SNOMED CT body structures, in words as well because their displays differ between editions.
var temperatureSites = map[vitals.Site]*concept{
	vitals.Oral:     snomed("74262004", "", "oral"),
	vitals.Axillary: snomed("91470000", "", "axillary"),
	vitals.Rectal:   snomed("34402009", "", "rectal"),
	vitals.Ear:      snomed("117590005", "", "ear"),
	vitals.Forehead: {Text: "forehead"},
}
