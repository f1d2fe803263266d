package fhir

import (
	"slices"

	"nabz/drivers/vitals"
	"nabz/firmware/reading"
)

// patient checks that the Patient can be found again and says nothing else that is wrong.
func (k *checker) patient(path string, p *patient) {
	k.mark(p.Meta, path, false)
	if !k.need(len(p.Identifier) == 1, "one-identifier", path+".identifier") {
		return
	}
	k.need(k.patientIdentifier(p.Identifier[0]), "patient-identifier", path+".identifier[0]")
	k.need(p.Gender == "" || slices.Contains(genders, reading.Sex(p.Gender)), "gender", path+".gender")
	k.need(p.BirthDate == "" || validDate(p.BirthDate), "birth-date", path+".birthDate")
}

// patientIdentifier says whether system and type belong together and the value has their form.
func (k *checker) patientIdentifier(id identifier) bool {
	for kind, at := range patientPaths {
		if id.System == k.base+at {
			form := plainForm
			if kind == reading.NationalNumber {
				form = cnicForm
			}
			return id.Type != nil && len(id.Type.Coding) == 1 && has(*id.Type, idTypeSystem, string(kind)) && form.MatchString(id.Value)
		}
	}
	return false
}

// device checks the kiosk, which must be the one that the Bundle's identifier names, or the sensor.
func (k *checker) device(path string, d *device) {
	k.mark(d.Meta, path, false)
	k.need(d.Status == "active", "device-status", path+".status")
	id := first(d)
	k.need(len(d.Identifier) == 1 && id.System == k.base+devicePath && id.Value != "", "device-identifier", path+".identifier")
	if role(d) == "gateway" {
		k.need(id.Value == k.kiosk, "gateway-is-kiosk", path+".identifier[0].value")
		k.need(slices.ContainsFunc(d.Property, syncTold), "time-source", path+".property")
		return
	}
	k.need(id.Value != k.kiosk, "sensor-is-not-kiosk", path+".identifier[0].value")
	k.need(has(d.Type, mdcSystem, sensorType.Code), "device-type", path+".type")
	k.need(len(d.Specialization) == 1 && specialized(d.Specialization[0].SystemType), "specialization", path+".specialization")
}

// syncTold says whether the property is the source of the kiosk's time.
func syncTold(p property) bool {
	if !has(p.Type, mdcSystem, syncMethod.Code) || len(p.ValueCode) != 1 {
		return false
	}
	return slices.ContainsFunc([]coding{syncNone, syncNTP, syncOther}, func(c coding) bool { return has(p.ValueCode[0], c.System, c.Code) })
}

func specialized(c concept) bool {
	for _, k := range []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature} {
		if has(c, mdcSystem, specializations[k].Code) {
			return true
		}
	}
	return false
}
