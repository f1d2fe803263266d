package fhir

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// head is what the Observations of one reading have in common.
type head struct {
	base, kiosk string
	id          string // of the reading, also when it is retracted
	status      status
	meta        *meta
	subject     reference
	gateway     reference
	sensor      *reference // nil when nothing measured: entered by hand, or a mean
	performer   reference
	effective   string
	issued      string
	bounds      []extension
	supersedes  string
	derivedFrom []string
	doubtful    bool
	absent      reading.Absent
	notes       []annotation
}

// newHead refuses a reading that does not say who took it or how.
func newHead(e reading.Entry, r reading.Reading, c Context, when moments, id Identifier) (head, error) {
	for _, other := range r.DerivedFrom {
		if err := checkID(other); err != nil {
			return head{}, err
		}
	}
	switch {
	case r.Supersedes != "" && checkID(r.Supersedes) != nil:
		return head{}, checkID(r.Supersedes)
	case r.Method != reading.ByDevice && r.Method != reading.ByHand:
		return head{}, errors.New("the reading's method is neither device nor manual")
	case !plainForm.MatchString(r.Operator):
		return head{}, errors.New("the reading does not name the worker who took it")
	case !slices.Contains([]reading.Absent{"", reading.AbsentError, reading.AbsentNotPerformed}, r.Absent):
		return head{}, errors.New("the reason for the missing number is none that FHIR knows")
	}
	h := head{
		base: c.Base, kiosk: c.Kiosk, id: r.ID, status: final, meta: newMeta(r.Practice, tags(r, when.taken, c.Base)...),
		subject: reference{Reference: fullURL(id, "patient")}, gateway: reference{Reference: fullURL(id, "gateway")},
		performer: worker(c.Base, r.Operator), effective: when.taken.Time.In(c.Zone).Format(secondsForm),
		issued: when.issued.In(c.Zone).Format(millisForm), bounds: bounds(when.taken, c.Base, c.Zone),
		supersedes: r.Supersedes, derivedFrom: r.DerivedFrom, doubtful: r.Questionable != "", absent: r.Absent,
	}
	if measured(r) {
		h.sensor = &reference{Reference: fullURL(id, "sensor")}
	}
	h.notes = notes(r, timeRemark(when.taken, c.Zone))
	if e.Retraction != nil {
		h.status = enteredInError
		h.notes = append(h.notes, retracted(*e.Retraction, c, h.issued))
	}
	return h, nil
}

// measured says whether the reading comes straight from a device. A mean does not, unless it names the one that its readings came from.
func measured(r reading.Reading) bool {
	return r.Method == reading.ByDevice && (len(r.DerivedFrom) == 0 || r.Device != reading.DeviceRef{})
}

func worker(base, id string) reference {
	return logical("Practitioner", identifier{System: base + workerPath, Value: id})
}

// tags are our own remarks on how a reading came about, in {base}/CodeSystem/entry.
const (
	tagManual         = "manual"
	tagUnsynchronised = "clock-unsynchronised"
)

func tags(r reading.Reading, taken clock.Instant, base string) []coding {
	var t []coding
	if r.Method == reading.ByHand {
		t = append(t, coding{System: base + entryTagPath, Code: tagManual})
	}
	if !taken.Synchronised() {
		t = append(t, coding{System: base + entryTagPath, Code: tagUnsynchronised})
	}
	return t
}

// notes says in English what the doctor should know besides the number.
func notes(r reading.Reading, time string) []annotation {
	var texts []string
	if r.Questionable != "" {
		texts = append(texts, "Questionable: "+r.Questionable)
	}
	texts = append(texts, r.Note)
	if r.Absent == reading.AbsentError && tidy(r.Note) == "" {
		texts = append(texts, "The device gave no number that can be believed.")
	}
	if r.Flags != 0 {
		texts = append(texts, "The device remarked: "+strings.Join(r.Flags.Names(), ", "))
	}
	if r.Method == reading.ByHand {
		texts = append(texts, "Entered by hand")
	}
	var list []annotation
	for _, text := range append(texts, time) {
		if text = tidy(text); text != "" {
			list = append(list, annotation{Text: text})
		}
	}
	return list
}

func retracted(r reading.Retraction, c Context, at string) annotation {
	a := annotation{Time: at, Text: "Entered in error: taken from the wrong patient."}
	if plainForm.MatchString(r.Operator) {
		by := worker(c.Base, r.Operator)
		a.AuthorReference = &by
	}
	return a
}

// tidy makes a text that FHIR takes: one line, no control characters, no space at either end.
func tidy(s string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(clean), " ")
}

// observation is the part that all vital signs share.
func (h head) observation(suffix string, v vital) *observation {
	o := &observation{
		ResourceType: "Observation", Meta: h.meta, Extension: h.extensions(suffix), Identifier: []identifier{h.identifier(h.id, suffix)},
		Status: h.status, Category: []concept{conceptOf("", v.categoryOf())}, Code: concept{Coding: v.codings, Text: v.text}, Subject: h.subject,
		EffectiveDateTime: h.effective, Issued: h.issued, Performer: []reference{h.performer}, Note: h.notes, Device: h.sensor,
	}
	if h.doubtful {
		o.Interpretation = []concept{conceptOf("Questionable", questionable)}
	}
	for _, from := range h.derivedFrom {
		o.DerivedFrom = append(o.DerivedFrom, logical("Observation", h.identifier(from, suffix)))
	}
	return o
}

func (h head) identifier(reading, suffix string) identifier {
	return identifier{System: h.base + readingPath, Value: h.kiosk + "-" + reading + suffix}
}

// extensions names the kiosk, the bounds of an unknown time, and what the Observation replaces.
func (h head) extensions(suffix string) []extension {
	list := append([]extension{{URL: gatewayURL, ValueReference: &h.gateway}}, h.bounds...)
	if h.supersedes != "" {
		old := logical("Observation", h.identifier(h.supersedes, suffix))
		list = append(list, extension{URL: replacesURL, ValueReference: &old})
	}
	return list
}
