package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// observation checks one vital sign.
func (k *checker) observation(path string, o *observation) {
	k.mark(o.Meta, path, true)
	k.need((o.Status == enteredInError) == k.retracted && o.Status != 0, "status", path+".status")
	suffix, ok := k.observationID(first(o))
	k.need(ok && len(o.Identifier) == 1, "observation-identifier", path+".identifier")
	k.times(path, o)
	k.parties(path, o)
	k.extensions(path, o, suffix)
	k.remarks(path, o)
	if f, ok := formOf(suffix, o.Code); k.need(ok, "code", path+".code") {
		k.form(path, o, f)
		k.derived(path, o, f, suffix)
	}
}

// observationID splits an Observation's identifier: that of the Bundle with a suffix, or, in a retraction, that of another entry of the
// kiosk, the same for all.
func (k *checker) observationID(id Identifier) (string, bool) {
	at := strings.LastIndexByte(id.Value, '.')
	if at < 0 || id.System != k.base+readingPath || k.kiosk == "" {
		return "", false
	}
	whole, suffix := id.Value[:at], id.Value[at:]
	parts := bundleIDForm.FindStringSubmatch(whole)
	if parts == nil || parts[1] != k.kiosk || forms[suffix] == nil {
		return suffix, false
	}
	if !k.retracted {
		return suffix, whole == k.bundleID
	}
	if k.original == "" {
		k.original = whole
	}
	return suffix, whole == k.original && whole != k.bundleID
}

// times checks that both times have an offset and lie after 2020 began, and that nothing was issued before it was taken.
func (k *checker) times(path string, o *observation) {
	taken, ok := parseTime(o.EffectiveDateTime)
	k.need(ok, "effective", path+".effectiveDateTime")
	issued, fine := parseTime(o.Issued)
	k.need(fine, "issued", path+".issued")
	k.need(!ok || !fine || !issued.Before(taken), "issued-after-effective", path+".issued")
}

// parties checks whose it is, who took it and with what. A number that was entered by hand has no device; one that was measured has.
func (k *checker) parties(path string, o *observation) {
	k.need(k.points(o.Subject, "patient"), "subject", path+".subject")
	k.need(len(o.Performer) == 1 && k.names(o.Performer[0], "Practitioner", workerPath), "performer", path+".performer")
	switch {
	case o.Device != nil:
		k.need(k.points(*o.Device, "sensor"), "device", path+".device")
		k.need(!k.tagged(o, tagManual), "manual-has-no-device", path+".device")
	case len(o.DerivedFrom) == 0:
		k.need(k.tagged(o, tagManual), "device", path+".device")
	}
}

// points says whether a reference resolves within the Bundle to a resource of that role, and says nothing else.
func (k *checker) points(r reference, to string) bool {
	target := k.urls[r.Reference]
	return target != nil && role(target) == to && r.Type == "" && r.Identifier == nil
}

// names says whether a reference is by identifier, to a resource of that type in that system.
func (k *checker) names(r reference, kind, path string) bool {
	return r.Reference == "" && r.Type == kind && r.Identifier != nil && r.Identifier.System == k.base+path &&
		plainForm.MatchString(r.Identifier.Value)
}

func (k *checker) tagged(o *observation, code string) bool {
	return o.Meta != nil && slices.ContainsFunc(o.Meta.Tag, func(c coding) bool { return c.System == k.base+entryTagPath && c.Code == code })
}

// extensions checks that the kiosk is named, that an unsynchronised time comes with its bounds, and what is replaced.
func (k *checker) extensions(path string, o *observation, suffix string) {
	count := map[string]int{}
	for i, e := range o.Extension {
		at := fmt.Sprintf("%s.extension[%d]", path, i)
		count[e.URL]++
		switch e.URL {
		case gatewayURL:
			k.need(e.ValuePeriod == nil && e.ValueReference != nil && k.points(*e.ValueReference, "gateway"), "gateway", at)
		case replacesURL:
			k.need(e.ValuePeriod == nil && e.ValueReference != nil && k.earlierOne(*e.ValueReference, suffix), "replaces", at)
		case k.base + effectivePath:
			k.need(e.ValueReference == nil && e.ValuePeriod != nil && ordered(*e.ValuePeriod), "effective-bounds", at)
		default:
			k.need(false, "extension", at)
		}
	}
	k.need(count[gatewayURL] == 1, "gateway", path+".extension")
	k.need(count[replacesURL] <= 1, "replaces", path+".extension")
	k.need(count[k.base+effectivePath] <= 1, "effective-bounds", path+".extension")
	k.need(k.tagged(o, tagUnsynchronised) == (count[k.base+effectivePath] == 1), "clock-unsynchronised", path+".meta.tag")
}

// earlierOne says whether a reference names an Observation of the same kind and kiosk.
func (k *checker) earlierOne(r reference, suffix string) bool {
	if !k.names(r, "Observation", readingPath) {
		return false
	}
	id, ok := strings.CutSuffix(r.Identifier.Value, suffix)
	parts := bundleIDForm.FindStringSubmatch(id)
	return ok && parts != nil && parts[1] == k.kiosk
}

func ordered(p period) bool {
	end, ok := parseTime(p.End)
	if p.Start == "" {
		return ok
	}
	start, fine := parseTime(p.Start)
	return ok && fine && !end.Before(start)
}

// remarks checks what is said besides the number.
func (k *checker) remarks(path string, o *observation) {
	for i, c := range o.Interpretation {
		k.need(i == 0 && len(c.Coding) == 1 && has(c, statusSystem, questionable.Code), "interpretation", path+".interpretation")
		k.need(len(o.Note) > 0, "questionable-has-note", path+".note")
	}
	for i, n := range o.Note {
		at := fmt.Sprintf("%s.note[%d]", path, i)
		k.need(n.Text != "", "note", at)
		k.need(n.AuthorReference == nil || k.names(*n.AuthorReference, "Practitioner", workerPath), "note-author", at)
		_, ok := parseTime(n.Time)
		k.need(ok || n.Time == "", "note-time", at)
	}
	if o.Meta != nil {
		for _, t := range o.Meta.Tag {
			k.need(t.System == k.base+entryTagPath && (t.Code == tagManual || t.Code == tagUnsynchronised), "tag", path+".meta.tag")
		}
	}
	if o.BodySite != nil {
		k.need(described(*o.BodySite, snomedSystem), "body-site", path+".bodySite")
	}
	if o.Method != nil {
		k.need(described(*o.Method, snomedSystem), "method", path+".method")
	}
}

// described says whether a concept has a text or a code, and codes only of that system.
func described(c concept, system string) bool {
	return (c.Text != "" || len(c.Coding) > 0) &&
		!slices.ContainsFunc(c.Coding, func(d coding) bool { return d.System != system || d.Code == "" })
}
