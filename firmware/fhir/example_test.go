package fhir_test

import (
	"fmt"
	"time"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/fhir"
	"nabz/firmware/reading"
)

func ExampleEncode() {
	const base = "https://nabz.example/fhir"
	zone := time.FixedZone("", 5*3600)
	taken := time.Date(2026, 11, 22, 14, 15, 30, 0, zone)
	r := reading.Reading{
		ID: "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01", Operator: "w-7", Method: reading.ByDevice,
		Patient:     reading.PatientRef{Type: reading.MedicalRecord, Value: "000123"},
		Device:      reading.DeviceRef{Kind: vitals.KindTemperature, Model: "SureTemp Plus", Serial: "0042"},
		Measurement: vitals.Temperature{Value: vitals.Some(vitals.MilliCelsius(36800)), Site: vitals.Oral, Mode: vitals.Predicted},
	}
	bundle, err := fhir.Encode(reading.Entry{Reading: &r}, fhir.Context{
		Kiosk: "bhu-kotaddu-01", Base: base, Software: "1.2.3", Zone: zone,
		Instant: clock.Instant{Time: taken, Source: clock.NTP, Uncertainty: 20 * time.Millisecond},
		Sent:    taken.Add(10 * time.Second),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	about, err := fhir.Check(bundle, base, false)
	fmt.Println(about.Kiosk, about.Observations, err)
	// Output: bhu-kotaddu-01 [bhu-kotaddu-01-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01.temp] <nil>
}
