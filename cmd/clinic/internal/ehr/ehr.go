// Package ehr is where a clinic records: a folder of FHIR Bundles, or a FHIR R4 server.
package ehr

import (
	"context"
	"errors"

	"nabz/firmware/fhir"
)

// Record is one health record. Its methods are safe for concurrent use.
type Record interface {
	// Store records a Bundle and returns where it is. When it returns nil the record has the Bundle; done twice with the same id it has it
	// once (already is then true). A *Refusal means that the record will never take it; any other error that it may later.
	Store(ctx context.Context, id string, bundle []byte, s fhir.Summary) (loc []string, already bool, err error)
	// Each calls f with every Bundle of the record that can be listed, for rebuilding the ledger.
	Each(f func(id string, bundle []byte, loc []string) error) error
	// History gives Bundles that hold the Observations of a patient, at most as many Bundles of the folder or Observations of a server as most
	// says, the newest of them; more says that there are older ones. The same Observation may come twice: the later one counts.
	History(ctx context.Context, patient fhir.Identifier, most int) (bundles [][]byte, more bool, err error)
	// Describe asks the record for its software and its version of FHIR. An error says what does not answer, without its address.
	Describe(ctx context.Context) (software, version string, err error)
	Close() error
}

// Refusal says that the record itself judged the Bundle and will not take it. Reasons hold no patient data.
type Refusal struct{ Reasons []string }

func (r *Refusal) Error() string { return "the record refuses it" }

// Alarm marks an error that needs an operator: the fault is ours, and trying again alone will not cure it.
type Alarm struct{ error }

// Unwrap returns the error that needs the operator.
func (a Alarm) Unwrap() error { return a.error }

// IsAlarm says whether err needs an operator.
func IsAlarm(err error) bool {
	var a Alarm
	return errors.As(err, &a)
}
