package clinictest

import (
	"time"

	"nabz/firmware/reading"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// Finger is a visit whose oximeter sends 60 samples a second, and whose temperature is four seconds old. Without a visit nobody is measured.
type Finger struct {
	Visit   string
	Patient string // a record number
	SpO2    int
	begun   time.Time
}

// Now implements uplink.Live.
func (f Finger) Now() (uplink.Sight, bool) {
	who := reading.PatientRef{Type: reading.MedicalRecord, Value: f.Patient, Sex: reading.Female, Birth: "1984"}
	return uplink.Sight{Patient: who, Numerics: wire.Numerics{
		Visit: f.Visit, Step: "oximetry", SpO2: &wire.Number{V: f.SpO2}, Pulse: &wire.Number{V: 72}, PI: &wire.Number{V: 420}, Celsius: &wire.Number{V: 36_800, Age: 4000},
	}}, f.Visit != ""
}

// Wave implements uplink.Live.
func (f Finger) Wave(after uint64) (samples []int, rate int, newest uint64) {
	newest = uint64(time.Since(f.begun)/time.Millisecond)*60/1000 + 1
	for n := after + 1; after > 0 && n <= newest; n++ {
		samples = append(samples, int(n%100))
	}
	return samples, 60, newest
}
