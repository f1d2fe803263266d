// Package reading is what the exam accepted: one measurement of one patient, with an id that is made once and stays the idempotency
// key all the way to the health record. A Reading is immutable; a retake is another Reading that supersedes it, and a reading taken
// from the wrong patient is retracted by a Retraction, which carries it whole.
//
// Encode and Decode give the stable form in which the queue keeps them.
package reading

import (
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
)

// Reading is one accepted measurement.
type Reading struct {
	ID           string             // UUIDv7, minted when the exam accepted it
	Visit        string             // UUIDv7 of the visit
	Practice     bool               // taken in practice: HTEST, never to the live record
	Patient      PatientRef         // whose it is
	Operator     string             // the worker's id, such as "w-7"
	Device       DeviceRef          // what measured it; zero when entered by hand
	Measurement  vitals.Measurement // all its numbers missing when Absent says why
	Flags        vitals.Flags       // remarks that the device made in the window
	Method       Method             //
	Absent       Absent             // why there is no number; empty when there is one
	Questionable string             // why the number is to be doubted, in English, for the doctor; empty when it is not
	Note         string             // what the device said when a number was refused
	Window       time.Duration      // length of the stable window the value stands for; 0 when it is a single result
	BodySite     BodySite           // where a cuff sat
	Evidence     string             // SHA-256, in hexadecimal, of the capture of the device's line that it came from; empty when there is none
	Taken        clock.Stamp        // when
	Supersedes   string             // id of the reading that this one replaces, or empty
	DerivedFrom  []string           // ids of the readings that this is the mean of, or nil
}

// PatientRef is a patient by identifier. No name: the kiosk needs none.
type PatientRef struct {
	Type  IDType `json:"type"`
	Value string `json:"value"`           // in the form the record uses; a CNIC as 13 digits
	Sex   Sex    `json:"sex,omitempty"`   //
	Birth string `json:"birth,omitempty"` // FHIR date: 1984, 1984-05 or 1984-05-17
}

// IDType says what kind of identifier it is (HL7 table 0203).
type IDType string

// The identifier types.
const (
	MedicalRecord  IDType = "MR"  // the health record's own number
	TemporaryID    IDType = "MRT" // given by the kiosk, merged later
	NationalNumber IDType = "NI"  // CNIC
)

// Sex is FHIR's administrative gender.
type Sex string

// The sexes that FHIR knows.
const (
	Female     Sex = "female"
	Male       Sex = "male"
	OtherSex   Sex = "other"
	UnknownSex Sex = "unknown"
)

// DeviceRef identifies the measuring device.
type DeviceRef struct {
	Kind         vitals.Kind `json:"kind"`
	Manufacturer string      `json:"manufacturer,omitempty"`
	Model        string      `json:"model,omitempty"`
	Serial       string      `json:"serial,omitempty"`
	Firmware     string      `json:"firmware,omitempty"`
}

// Method is how the value came in.
type Method string

// The methods.
const (
	ByDevice Method = "device"
	ByHand   Method = "manual"
)

// Absent is the reason for a missing value (FHIR data-absent-reason).
type Absent string

// The reasons. AbsentError stands for a confirmed unmeasurable patient: the device worked and gave no number that can be believed.
const (
	AbsentError        Absent = "error"
	AbsentNotPerformed Absent = "not-performed"
)

// BodySite is where the cuff sat.
type BodySite string

// The cuff sites.
const (
	LeftUpperArm  BodySite = "left-upper-arm"
	RightUpperArm BodySite = "right-upper-arm"
)

// Retraction says that a reading which was already accepted must not stand: it was taken from the wrong patient.
type Retraction struct {
	ID       string      // UUIDv7 of the retraction itself
	Of       Reading     // what is retracted, whole, so that the record can be corrected whatever it has
	Operator string      // who said so
	Taken    clock.Stamp // when it was said
}
