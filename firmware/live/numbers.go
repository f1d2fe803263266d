package live

import (
	"time"

	"nabz/drivers/vitals"
)

// Numbers is the newest sample of each device, for the screen. A sample is as old as its At says: whoever shows it shows its age too.
type Numbers struct {
	Oximetry    Dated
	Cuff        Dated
	Temperature Dated
}

// Dated is a sample and when it came, by the monotonic clock.
type Dated struct {
	Sample vitals.Sample
	At     time.Time
}

// With returns n with the newest sample in its place.
func (n Numbers) With(s vitals.Sample, at time.Time) Numbers {
	d := Dated{Sample: s, At: at}
	switch s.Kind {
	case vitals.KindOximetry:
		n.Oximetry = d
	case vitals.KindCuffPressure, vitals.KindBloodPressure:
		n.Cuff = d
	case vitals.KindTemperature:
		n.Temperature = d
	}
	return n
}

// Without returns n with nothing of a device that is gone.
func (n Numbers) Without(k vitals.Kind) Numbers {
	switch k {
	case vitals.KindOximetry:
		n.Oximetry = Dated{}
	case vitals.KindCuffPressure, vitals.KindBloodPressure:
		n.Cuff = Dated{}
	case vitals.KindTemperature:
		n.Temperature = Dated{}
	}
	return n
}

// Device is what a watcher sees of one peripheral.
type Device struct {
	Name     string `json:"name"`               // "oximeter", "cuff", "thermometer"
	State    string `json:"state"`              // "starting" until it was looked for once, then "connected" or "missing"
	Why      string `json:"why,omitempty"`      // what went wrong last and what to do
	Port     string `json:"port,omitempty"`     // where it is, once connected
	Protocol string `json:"protocol,omitempty"` // what it speaks, likewise
}

// Line is a Device, what came over its line since it was connected, and what it says of itself.
type Line struct {
	Device
	Frames, Skipped, Damaged              int // well-formed frames, bytes that belonged to none, frames whose checksum was wrong
	Manufacturer, Model, Serial, Firmware string
}
