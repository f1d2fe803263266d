package fhir

import (
	"fmt"
	"slices"

	"nabz/drivers/vitals"
)

// form is what an Observation must look like. Its LOINC codes are required, MDC codes of the table may come along, others may not.
type form struct {
	main     vital
	others   []coding // further MDC codes for the same thing
	required []vital  // components that are there exactly once
	optional []vital  // components that are there at most once
	mean     bool     // derivedFrom is required; otherwise it is forbidden
}

// forms by the suffix of the Observation's identifier.
var forms = map[string][]form{
	bpSuffix: {
		{main: pressure, required: []vital{systolic, diastolic}, optional: []vital{arterialMean}},
		{main: meanPressure, required: []vital{meanSystolic, meanDiastolic}, mean: true},
	},
	pulseSuffix: {{main: oximeterPulse}, {main: cuffPulse}},
	respSuffix:  {{main: respiration}},
	awakeSuffix: {{main: responsiveness}},
	airSuffix:   {{main: inspired}},
	childSuffix: {{main: pregnancy}},
	spo2Suffix:  {{main: saturation, optional: []vital{perfusion}}},
	tempSuffix: {{main: bodyTemperature(""), others: []coding{
		siteCodes[vitals.Oral], siteCodes[vitals.Axillary], siteCodes[vitals.Rectal], siteCodes[vitals.Ear],
	}}},
}

// formOf finds the first form of that suffix whose codes the concept has.
func formOf(suffix string, c concept) (form, bool) {
	i := slices.IndexFunc(forms[suffix], func(f form) bool { return f.main.names(c, f.others...) })
	if i < 0 {
		return form{}, false
	}
	return forms[suffix][i], true
}

// names says whether the concept has every LOINC code of the vital, each coding once, and none that is not in the table.
func (v vital) names(c concept, others ...coding) bool {
	same := func(a coding) func(coding) bool {
		return func(b coding) bool { return a.System == b.System && a.Code == b.Code }
	}
	for i, d := range c.Coding {
		if !slices.ContainsFunc(v.codings, same(d)) && !slices.ContainsFunc(others, same(d)) || slices.ContainsFunc(c.Coding[:i], same(d)) {
			return false
		}
	}
	return !slices.ContainsFunc(v.codings, func(d coding) bool { return d.System == loincSystem && !has(c, d.System, d.Code) })
}

// form checks the number, or the panel's components.
func (k *checker) form(path string, o *observation, f form) {
	c := f.main.categoryOf()
	k.need(len(o.Category) == 1 && len(o.Category[0].Coding) == 1 && has(o.Category[0], c.System, c.Code), "category", path+".category")
	if f.main.isPanel() {
		k.need(o.answer == answer{}, "panel-has-no-value", path)
	} else {
		k.answer(path, f.main, o.answer)
	}
	count := map[string]int{}
	for i, c := range o.Component {
		at := fmt.Sprintf("%s.component[%d]", path, i)
		j := slices.IndexFunc(f.components(), func(v vital) bool { return v.names(c.Code) })
		if !k.need(j >= 0, "component", at+".code") {
			continue
		}
		v := f.components()[j]
		count[v.codings[0].Code]++
		k.answer(at, v, c.answer)
	}
	for _, v := range f.components() {
		n := count[v.codings[0].Code]
		k.need(n <= 1, "component-once", path+".component")
	}
	for _, v := range f.required {
		k.need(count[v.codings[0].Code] > 0, "component-required", path+".component")
	}
}

func (f form) components() []vital { return slices.Concat(f.required, f.optional) }

// answer checks that there is a number in the vital's own unit or a reason why there is none, and not both.
func (k *checker) answer(path string, v vital, a answer) {
	given := 0
	for _, there := range []bool{a.ValueQuantity != nil, a.ValueCodeableConcept != nil, a.DataAbsentReason != nil} {
		if there {
			given++
		}
	}
	k.need(given == 1, "value-xor-absent", path)
	k.need(a.ValueQuantity == nil || v.answers == nil, "coded-answer", path+".valueQuantity")
	if c := a.ValueCodeableConcept; c != nil {
		k.need(len(c.Coding) == 1 && v.takes(c.Coding[0]), "coded-answer", path+".valueCodeableConcept")
	}
	if q := a.ValueQuantity; q != nil {
		k.need(q.Value != "", "quantity-value", path+".valueQuantity")
		k.need(q.System == ucumSystem && q.Code == v.unit.code && q.Unit != "", "unit", path+".valueQuantity")
	}
	if r := a.DataAbsentReason; r != nil {
		ok := len(r.Coding) == 1 && slices.ContainsFunc(absentReasons, func(code string) bool { return has(*r, absentSystem, code) })
		k.need(ok, "absent-reason", path+".dataAbsentReason")
	}
}

// takes says whether a code is one of the vital's answers.
func (v vital) takes(c coding) bool {
	for _, known := range v.answers {
		if known.System == c.System && known.Code == c.Code {
			return true
		}
	}
	return false
}

// derived checks that a mean names the readings that it is the mean of, and that nothing else does.
func (k *checker) derived(path string, o *observation, f form, suffix string) {
	k.need((len(o.DerivedFrom) > 0) == f.mean, "derived-from", path+".derivedFrom")
	for i, r := range o.DerivedFrom {
		k.need(k.earlierOne(r, suffix), "derived-from", fmt.Sprintf("%s.derivedFrom[%d]", path, i))
	}
}
