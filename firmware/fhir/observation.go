package fhir

import (
	"errors"
	"fmt"

	"nabz/firmware/reading"
)

// observation is one vital sign. Only newObservation and newPressure make one.
type observation struct {
	ResourceType      string       `json:"resourceType"`
	Meta              *meta        `json:"meta,omitempty"`
	Extension         []extension  `json:"extension,omitempty"`
	Identifier        []identifier `json:"identifier,omitempty"`
	Status            status       `json:"status"`
	Category          []concept    `json:"category,omitempty"`
	Code              concept      `json:"code"`
	Subject           reference    `json:"subject"`
	EffectiveDateTime string       `json:"effectiveDateTime,omitempty"`
	Issued            string       `json:"issued,omitempty"`
	Performer         []reference  `json:"performer,omitempty"`
	answer
	Interpretation []concept    `json:"interpretation,omitempty"`
	Note           []annotation `json:"note,omitempty"`
	BodySite       *concept     `json:"bodySite,omitempty"`
	Method         *concept     `json:"method,omitempty"`
	Device         *reference   `json:"device,omitempty"`
	DerivedFrom    []reference  `json:"derivedFrom,omitempty"`
	Component      []component  `json:"component,omitempty"`
}

func (*observation) kind() string                { return "Observation" }
func (o *observation) metadata() *meta           { return o.Meta }
func (o *observation) identifiers() []identifier { return o.Identifier }

// component is one number of a panel, or one beside the main number.
type component struct {
	Code concept `json:"code"`
	answer
}

// answer is a number, a code, or the reason why there is none, and never two of them. Only known, chosen and missing make one.
type answer struct {
	ValueQuantity        *quantity `json:"valueQuantity,omitempty"`
	ValueCodeableConcept *concept  `json:"valueCodeableConcept,omitempty"`
	DataAbsentReason     *concept  `json:"dataAbsentReason,omitempty"`
}

// known is a number in the unit that belongs to the vital.
func known(v vital, d Decimal) answer {
	return answer{ValueQuantity: &quantity{Value: d, Unit: v.unit.text, System: ucumSystem, Code: v.unit.code}}
}

// chosen is one of the answers that belong to the vital.
func chosen(v vital, key string) (answer, bool) {
	c, ok := v.answers[key]
	if !ok {
		return answer{}, false
	}
	value := conceptOf("", c)
	return answer{ValueCodeableConcept: &value}, true
}

// missing is the reason for a number that is not there; without a reason it is unknown.
func missing(why reading.Absent) answer {
	if why == "" {
		why = "unknown"
	}
	c := conceptOf("", absentCode(string(why)))
	return answer{DataAbsentReason: &c}
}

// part is a component of a vital.
func part(v vital, a answer) component {
	return component{Code: concept{Coding: v.codings, Text: v.text}, answer: a}
}

// newObservation is a vital sign with a number of its own, or the reason why there is none.
func newObservation(h head, suffix string, v vital, a answer, extra ...component) *observation {
	o := h.observation(suffix, v)
	o.answer, o.Component = a, extra
	return o
}

// newPressure is a blood pressure: a panel without a value, whose systolic and diastolic are always there.
func newPressure(h head, panel vital, systolic, diastolic component, extra ...component) *observation {
	o := h.observation(bpSuffix, panel)
	o.Component = append([]component{systolic, diastolic}, extra...)
	return o
}

// status is an Observation's status. Its zero value is none and does not marshal.
type status uint8

const (
	final status = iota + 1
	enteredInError
)

var statusNames = [...]string{final: "final", enteredInError: "entered-in-error"}

// MarshalText refuses a status that nobody set.
func (s status) MarshalText() ([]byte, error) {
	if s != final && s != enteredInError {
		return nil, errors.New("observation without a status")
	}
	return []byte(statusNames[s]), nil
}

// UnmarshalText knows the two statuses that a kiosk sends.
func (s *status) UnmarshalText(b []byte) error {
	for i, name := range statusNames {
		if name != "" && name == string(b) {
			*s = status(i)
			return nil
		}
	}
	return fmt.Errorf("observation status is neither %s nor %s", statusNames[final], statusNames[enteredInError])
}
