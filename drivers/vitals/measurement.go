package vitals

// Kind tells the measurements apart.
type Kind uint8

// The kinds of a Sample. CuffPressure never becomes a Measurement: it is what the cuff feels on the way.
const (
	KindNone Kind = iota
	KindBloodPressure
	KindOximetry
	KindTemperature
	KindCuffPressure
	KindRespiration // counted by a person
	KindCondition   // judged by a person
)

var kindNames = [...]string{"none", "blood-pressure", "oximetry", "temperature", "cuff-pressure", "respiration", "condition"}

func (k Kind) String() string { return kindNames[k] }

// Measurement is one of BloodPressure, Oximetry, Temperature, Respiration and Condition.
type Measurement interface {
	Kind() Kind
	measurement()
}

// BloodPressure is one non-invasive measurement (MDC_PRESS_BLD_NONINV). Pulse is the cuff's own.
type BloodPressure struct {
	Systolic  Maybe[MmHg]      `json:"systolic,omitzero"`
	Diastolic Maybe[MmHg]      `json:"diastolic,omitzero"`
	Mean      Maybe[MmHg]      `json:"mean,omitzero"`
	Pulse     Maybe[PerMinute] `json:"pulse,omitzero"`
}

// Oximetry is what a pulse oximeter shows: saturation, pulse and how well the site is perfused.
type Oximetry struct {
	SpO2   Maybe[Percent]      `json:"spo2,omitzero"`
	Pulse  Maybe[PerMinute]    `json:"pulse,omitzero"`
	PI     Maybe[CentiPercent] `json:"pi,omitzero"`     // perfusion index, 0.01 % steps
	Signal Maybe[uint8]        `json:"signal,omitzero"` // strength 0..8 where the device sends no index
	Pleth  Maybe[Pleth]        `json:"-"`               // live only: never part of a reading
}

// Temperature is a body or surface temperature. Without Site and Mode a value means little, so both are always sent.
type Temperature struct {
	Value Maybe[MilliCelsius] `json:"value,omitzero"`
	Site  Site                `json:"site"`
	Mode  Mode                `json:"mode"`
}

// Respiration is the respiratory rate that a worker counted over a full minute (MDC_RESP_RATE).
type Respiration struct {
	Rate Maybe[PerMinute] `json:"rate,omitzero"`
}

// Condition is what a worker sees and asks. Each is empty when it was not answered.
type Condition struct {
	Consciousness Consciousness `json:"consciousness,omitempty"`
	Breathing     Breathing     `json:"breathing,omitempty"`
	Pregnancy     Pregnancy     `json:"pregnancy,omitempty"`
}

// Kind implements Measurement.
func (Respiration) Kind() Kind { return KindRespiration }

// Kind implements Measurement.
func (Condition) Kind() Kind { return KindCondition }

func (Respiration) measurement() {}
func (Condition) measurement()   {}

// Kind implements Measurement.
func (BloodPressure) Kind() Kind { return KindBloodPressure }

// Kind implements Measurement.
func (Oximetry) Kind() Kind { return KindOximetry }

// Kind implements Measurement.
func (Temperature) Kind() Kind { return KindTemperature }

func (BloodPressure) measurement() {}
func (Oximetry) measurement()      {}
func (Temperature) measurement()   {}

// Consciousness is the ACVPU scale (NEWS2, RCP 2017).
type Consciousness string

// The levels.
const (
	Alert        Consciousness = "alert"
	Confused     Consciousness = "confused" // newly
	Voice        Consciousness = "voice"    // responds to it
	Pain         Consciousness = "pain"     // responds to it
	Unresponsive Consciousness = "unresponsive"
)

// Breathing is what the patient breathes.
type Breathing string

// What there is to breathe.
const (
	Air    Breathing = "air"
	Oxygen Breathing = "oxygen" // any supplement
)

// Pregnancy is whether the patient is pregnant, as she says.
type Pregnancy string

// The answers; one who does not know gives none.
const (
	Pregnant    Pregnancy = "pregnant"
	NotPregnant Pregnancy = "not-pregnant"
)

// Site is where a temperature was taken.
type Site string

// The sites; the empty one is "not told".
const (
	Oral     Site = "oral"
	Axillary Site = "axillary"
	Rectal   Site = "rectal"
	Ear      Site = "ear"
	Forehead Site = "forehead"
)

// Mode is how a temperature came about.
type Mode string

// The modes.
const (
	Direct    Mode = "direct"    // at equilibrium with the site
	Predicted Mode = "predicted" // extrapolated by a cleared device
	Surface   Mode = "surface"   // skin by infrared: never coded as body temperature
)

// Sample is what one decoded frame says: numbers with units and the device's own status. Many a second; it may be dropped. It holds
// its variants by value so that decoding a frame allocates nothing.
type Sample struct {
	Kind          Kind
	BloodPressure BloodPressure
	Oximetry      Oximetry
	Temperature   Temperature
	Cuff          Maybe[MmHg] // pressure in the cuff while it measures
	Flags         Flags
	Status        string // the device's own word: an error ("M07") or a state ("final"); empty when it has none
}

// Measurement returns the sample's measurement, or nil for a cuff pressure. It does not look at the flags: callers do.
func (s Sample) Measurement() Measurement {
	switch s.Kind {
	case KindBloodPressure:
		return s.BloodPressure
	case KindOximetry:
		return s.Oximetry
	case KindTemperature:
		return s.Temperature
	}
	return nil
}
