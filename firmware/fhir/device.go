package fhir

import (
	"strconv"

	"nabz/drivers/vitals"
	"nabz/firmware/clock"
	"nabz/firmware/reading"
)

// device is the kiosk (gateway) or what measured (sensor).
type device struct {
	ResourceType   string           `json:"resourceType"`
	Meta           *meta            `json:"meta,omitempty"`
	Identifier     []identifier     `json:"identifier,omitempty"`
	Status         string           `json:"status,omitempty"`
	Manufacturer   string           `json:"manufacturer,omitempty"`
	SerialNumber   string           `json:"serialNumber,omitempty"`
	ModelNumber    string           `json:"modelNumber,omitempty"`
	Type           concept          `json:"type"`
	Specialization []specialization `json:"specialization,omitempty"`
	Version        []version        `json:"version,omitempty"`
	Property       []property       `json:"property,omitempty"`
}

type specialization struct {
	SystemType concept `json:"systemType"`
}

type version struct {
	Type  concept `json:"type"`
	Value string  `json:"value,omitempty"`
}

type property struct {
	Type          concept    `json:"type"`
	ValueQuantity []quantity `json:"valueQuantity,omitempty"`
	ValueCode     []concept  `json:"valueCode,omitempty"`
}

func (*device) kind() string                { return "Device" }
func (d *device) metadata() *meta           { return d.Meta }
func (d *device) identifiers() []identifier { return d.Identifier }

// newGateway describes the kiosk and how far its clock was to be trusted when it measured.
func newGateway(c Context, taken clock.Instant, practice bool) *device {
	d := newDevice(c.Base, c.Kiosk, practice)
	d.Type = conceptOf("Telehealth kiosk", gatewayType)
	d.Version = versions(softwareRev, c.Software)
	d.Property = []property{{Type: conceptOf("", syncMethod), ValueCode: []concept{conceptOf("", syncCode(taken.Source))}}}
	if us := taken.Uncertainty.Microseconds(); us > 0 {
		error := quantity{Value: Decimal(strconv.FormatInt(us, 10)), Unit: micros.text, System: ucumSystem, Code: micros.code}
		d.Property = append(d.Property, property{Type: conceptOf("", syncError), ValueQuantity: []quantity{error}})
	}
	return d
}

func syncCode(s clock.Source) coding {
	switch s {
	case clock.None:
		return syncNone
	case clock.NTP:
		return syncNTP
	}
	return syncOther
}

// newSensor describes what measured. Without a serial number it is "the oximeter of that kiosk".
func newSensor(r reading.DeviceRef, k vitals.Kind, c Context, practice bool) *device {
	value := slug(c.Kiosk, k.String())
	if serial := tidy(r.Serial); slug(serial) != "" {
		value = slug(r.Model, serial)
	}
	d := newDevice(c.Base, value, practice)
	d.Manufacturer, d.ModelNumber, d.SerialNumber = tidy(r.Manufacturer), tidy(r.Model), tidy(r.Serial)
	d.Type = conceptOf("", sensorType)
	d.Specialization = []specialization{{SystemType: conceptOf("", specializations[k])}}
	d.Version = versions(firmwareRev, r.Firmware)
	return d
}

func newDevice(base, value string, practice bool) *device {
	return &device{
		ResourceType: "Device", Meta: newMeta(practice), Status: "active",
		Identifier: []identifier{{System: base + devicePath, Value: value}},
	}
}

func versions(kind coding, value string) []version {
	if value = tidy(value); value == "" {
		return nil
	}
	return []version{{Type: conceptOf("", kind), Value: value}}
}
