package fhir

// The FHIR data types that the Bundle uses, with the members that it uses, in the order of the specification.
type (
	coding struct {
		System  string `json:"system,omitempty"`
		Code    string `json:"code,omitempty"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	identifier struct {
		Type   *concept `json:"type,omitempty"`
		System string   `json:"system,omitempty"`
		Value  string   `json:"value,omitempty"`
	}
	quantity struct {
		Value  Decimal `json:"value"`
		Unit   string  `json:"unit,omitempty"`
		System string  `json:"system,omitempty"`
		Code   string  `json:"code,omitempty"`
	}
	reference struct {
		Reference  string      `json:"reference,omitempty"`
		Type       string      `json:"type,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
	}
	period struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	extension struct {
		URL            string     `json:"url,omitempty"`
		ValuePeriod    *period    `json:"valuePeriod,omitempty"`
		ValueReference *reference `json:"valueReference,omitempty"`
	}
	annotation struct {
		AuthorReference *reference `json:"authorReference,omitempty"`
		Time            string     `json:"time,omitempty"`
		Text            string     `json:"text,omitempty"`
	}
	meta struct {
		Security []coding `json:"security,omitempty"`
		Tag      []coding `json:"tag,omitempty"`
	}
)

func conceptOf(text string, codings ...coding) concept { return concept{Coding: codings, Text: text} }

// logical is a reference by identifier, for what is not in the Bundle.
func logical(kind string, id identifier) reference { return reference{Type: kind, Identifier: &id} }

// newMeta marks what is practice; nil when there is nothing to say.
func newMeta(practice bool, tags ...coding) *meta {
	if !practice && len(tags) == 0 {
		return nil
	}
	m := &meta{Tag: tags}
	if practice {
		m.Security = []coding{practiceMark}
	}
	return m
}
