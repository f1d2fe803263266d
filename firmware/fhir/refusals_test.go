package fhir

import "encoding/json"

// In the golden Bundles entry 0 is the patient, 1 the kiosk, 2 the sensor, 3 and 4 are Observations.
var refusals = map[string]struct {
	from    string
	changes []change
	rule    string
}{
	"another kind of Bundle":       {"bp", []change{{"type", "batch"}}, "bundle-type: Bundle.type"},
	"another resource":             {"bp", []change{{"entry.0.resource.resourceType", "Person"}}, "resource-type: Bundle.entry[0].resource"},
	"no resource":                  {"bp", []change{{"entry.0.resource", remove}}, "resource-type: Bundle.entry[0]"},
	"no timestamp":                 {"bp", []change{{"timestamp", remove}}, "instant: Bundle.timestamp"},
	"timestamp without offset":     {"bp", []change{{"timestamp", "2026-11-22T14:15:41.250"}}, "instant: Bundle.timestamp"},
	"timestamp of 1970":            {"bp", []change{{"timestamp", "1970-01-01T05:00:03.000+05:00"}}, "instant: Bundle.timestamp"},
	"foreign Bundle identifier":    {"bp", []change{{"identifier.system", "http://example.org/reading"}}, "bundle-identifier"},
	"Bundle id without entry":      {"bp", []change{{"identifier.value", "bhu-kotaddu-01"}}, "bundle-identifier"},
	"Bundle of another kiosk":      {"bp", []change{{"identifier.value", "bhu-2-" + readingID}}, "gateway-is-kiosk"},
	"Observation of another entry": {"bp", []change{{"identifier.value", kiosk + "-" + otherID}}, "observation-identifier: Bundle.entry[3]"},

	"null":                {"bp", []change{{"entry.3.resource.bodySite", nil}}, "no-null: Bundle.entry[3].resource.bodySite"},
	"empty string":        {"bp", []change{{"entry.1.resource.version.0.value", ""}}, "string: Bundle.entry[1].resource.version[0].value"},
	"space at the end":    {"bp", []change{{"entry.2.resource.serialNumber", "12 "}}, "string: Bundle.entry[2].resource.serialNumber"},
	"empty list":          {"bp", []change{{"entry.3.resource.performer", []any{}}}, "no-empty-list: Bundle.entry[3].resource.performer"},
	"empty object":        {"bp", []change{{"entry.3.resource.bodySite", obj()}}, "no-empty-object: Bundle.entry[3].resource.bodySite"},
	"number for a string": {"bp", []change{{"entry.0.resource.birthDate", 1984}}, "string: Bundle.entry[0].resource.birthDate"},
	"string for a number": {
		"bp", []change{{"entry.4.resource.valueQuantity.value", "72"}}, "decimal: Bundle.entry[4].resource.valueQuantity.value",
	},
	"exponent": {
		"bp",
		[]change{{"entry.4.resource.valueQuantity.value", json.RawMessage("7.2e1")}},
		"decimal: Bundle.entry[4].resource.valueQuantity.value",
	},
	"unknown key": {"bp", []change{{"entry.0.resource.name", []any{obj("text", "x")}}}, "no-unknown-key: Bundle.entry[0].resource"},
	"key in other case": {
		"bp", []change{{"entry.3.resource.Issued", "2026-11-22T14:15:30.250+05:00"}}, "no-unknown-key: Bundle.entry[3].resource",
	},
	"claimed profile": {
		"bp",
		[]change{{"entry.3.resource.meta", obj("profile", []any{"http://hl7.org/fhir/StructureDefinition/bp"})}},
		"no-unknown-key: Bundle.entry[3].resource.meta",
	},

	"answer of another question": {
		"condition", []change{{"entry.2.resource.valueCodeableConcept.coding.0.code", "371825009"}}, "coded-answer: Bundle.entry[2]",
	},
	"answer and reason": {
		"condition",
		[]change{{"entry.2.resource.dataAbsentReason", obj("coding", []any{obj("system", absentSystem, "code", "unknown")})}},
		"value-xor-absent: Bundle.entry[2]",
	},
	"pregnancy as a vital sign": {
		"condition", []change{{"entry.4.resource.category.0.coding.0.code", "vital-signs"}}, "category: Bundle.entry[4]",
	},
	"no patient":              {"bp", []change{{"entry.0", remove}}, "one-patient"},
	"no kiosk":                {"bp", []change{{"entry.1", remove}}, "one-gateway"},
	"no Observation":          {"bp-only", []change{{"entry.3", remove}}, "observations: Bundle.entry"},
	"sensor nobody refers to": {"bp-only", []change{{"entry.3.resource.device", remove}}, "sensor-unused"},
	"fullUrl twice": {
		"bp",
		[]change{{"entry.0.fullUrl", "urn:uuid:" + otherID}, {"entry.1.fullUrl", "urn:uuid:" + otherID}},
		"full-url-unique: Bundle.entry[1].fullUrl",
	},
	"fullUrl no UUID":      {"bp", []change{{"entry.0.fullUrl", "urn:uuid:1"}}, "full-url: Bundle.entry[0].fullUrl"},
	"unconditional create": {"bp", []change{{"entry.3.request.ifNoneExist", remove}}, "if-none-exist: Bundle.entry[3]"},
	"condition on another": {
		"bp", []change{{"entry.0.request.ifNoneExist", "identifier=" + base + "/mrn|000124"}}, "if-none-exist: Bundle.entry[0]",
	},
	"identifier not carried":   {"bp", []change{{"entry.3.resource.identifier", remove}}, "if-none-exist: Bundle.entry[3]"},
	"request for another type": {"bp", []change{{"entry.3.request.url", "Patient"}}, "request: Bundle.entry[3].request"},
	"update of a new reading":  {"bp", []change{{"entry.3.request.method", "PUT"}}, "request: Bundle.entry[3].request"},
	"retraction that creates": {
		"retraction", []change{{"entry.3.request.method", "POST"}}, "conditional-update: Bundle.entry[3].request",
	},
	"retraction of another": {
		"retraction", []change{{"entry.4.request.url", "Observation"}}, "conditional-update: Bundle.entry[4].request",
	},
	"half a retraction": {"retraction", []change{{"entry.4.resource.status", "final"}}, "status: Bundle.entry[4].resource.status"},
	"retraction of two readings": {
		"retraction",
		[]change{{"entry.4.resource.identifier.0.value", kiosk + "-" + otherID + ".pulse"}},
		"observation-identifier: Bundle.entry[4]",
	},
	"retraction of another kiosk": {
		"retraction", []change{{"entry.3.resource.identifier.0.value", "bhu-2-" + readingID + ".bp"}}, "observation-identifier: Bundle.entry[3]",
	},
	"error that is no retraction": {
		"bp", []change{{"entry.3.resource.status", "entered-in-error"}}, "status: Bundle.entry[3].resource.status",
	},
	"no status":   {"bp", []change{{"entry.3.resource.status", remove}}, "status: Bundle.entry[3].resource.status"},
	"preliminary": {"bp", []change{{"entry.3.resource.status", "preliminary"}}, "status: Bundle.entry[3].resource.status"},
	"same Observation twice": {
		"bp", []change{{"entry.4.resource.identifier.0.value", kiosk + "-" + readingID + ".bp"}}, "observation-unique: Bundle.entry[4]",
	},
	"Observation without suffix": {
		"bp", []change{{"entry.3.resource.identifier.0.value", kiosk + "-" + readingID}}, "observation-identifier: Bundle.entry[3]",
	},
	"patient of unknown system": {
		"bp", []change{{"entry.0.resource.identifier.0.system", base + "/name"}}, "patient-identifier: Bundle.entry[0]",
	},
	"patient's system of another": {
		"bp", []change{{"entry.0.resource.identifier.0.system", base + "/temporary"}}, "patient-identifier: Bundle.entry[0]",
	},
	"national number with dashes": {
		"temperature-manual", []change{{"entry.0.resource.identifier.0.value", "35201-0000000-1"}}, "patient-identifier: Bundle.entry[0]",
	},
	"two patient identifiers": {
		"bp", []change{{"entry.0.resource.identifier.+", obj("system", "x", "value", "y")}}, "one-identifier: Bundle.entry[0]",
	},
	"unknown gender": {"bp", []change{{"entry.0.resource.gender", "f"}}, "gender: Bundle.entry[0].resource.gender"},
	"birth in month 13": {
		"bp", []change{{"entry.0.resource.birthDate", "1984-13"}}, "birth-date: Bundle.entry[0].resource.birthDate",
	},
	"device of foreign system":  {"bp", []change{{"entry.2.resource.identifier.0.system", "x"}}, "device-identifier: Bundle.entry[2]"},
	"kiosk without time source": {"bp", []change{{"entry.1.resource.property", remove}}, "time-source: Bundle.entry[1]"},
	"sensor of no kind":         {"bp", []change{{"entry.2.resource.specialization", remove}}, "specialization: Bundle.entry[2]"},
	"sensor of another type":    {"bp", []change{{"entry.2.resource.type.coding.0.code", "65574"}}, "device-type: Bundle.entry[2]"},
	"inactive device":           {"bp", []change{{"entry.2.resource.status", "inactive"}}, "device-status: Bundle.entry[2]"},
	"practice mark on one": {
		"bp",
		[]change{{"entry.4.resource.meta", obj("security", []any{obj("system", reasonSystem, "code", "HTEST")})}},
		"practice-mark: Bundle.entry[4]",
	},
	"practice mark missing on one": {"bp-practice", []change{{"entry.1.resource.meta", remove}}, "practice-mark: Bundle.entry[1]"},
	"practice mark missing on all": {"bp-practice", []change{{"meta", remove}}, "practice-mark: Bundle.meta.security"},

	"no category":         {"bp", []change{{"entry.3.resource.category", remove}}, "category: Bundle.entry[3]"},
	"another category":    {"bp", []change{{"entry.3.resource.category.0.coding.0.code", "laboratory"}}, "category: Bundle.entry[3]"},
	"two categories":      {"bp", []change{{"entry.3.resource.category.+", obj("text", "x")}}, "category: Bundle.entry[3]"},
	"date without time":   {"bp", []change{{"entry.3.resource.effectiveDateTime", "2026-11-22"}}, "effective: Bundle.entry[3]"},
	"time without offset": {"bp", []change{{"entry.3.resource.effectiveDateTime", "2026-11-22T14:15:30"}}, "effective: Bundle.entry[3]"},
	"taken in 2000": {
		"bp", []change{{"entry.3.resource.effectiveDateTime", "2000-01-01T00:01:30+05:00"}}, "effective: Bundle.entry[3]",
	},
	"taken on 30 February": {
		"bp", []change{{"entry.3.resource.effectiveDateTime", "2026-02-30T00:01:30+05:00"}}, "effective: Bundle.entry[3]",
	},
	"issued before taken": {
		"bp", []change{{"entry.3.resource.issued", "2026-11-22T14:15:29.999+05:00"}}, "issued-after-effective: Bundle.entry[3]",
	},
	"no issue":          {"bp", []change{{"entry.3.resource.issued", remove}}, "issued: Bundle.entry[3]"},
	"subject elsewhere": {"bp", []change{{"entry.3.resource.subject.reference", "Patient/7"}}, "subject: Bundle.entry[3]"},
	"subject is a device": {
		"bp",
		[]change{{"entry.3.resource.subject.reference", fullURL(Identifier{base + readingPath, kiosk + "-" + readingID}, "gateway")}},
		"subject: Bundle.entry[3]",
	},
	"no performer":         {"bp", []change{{"entry.3.resource.performer", remove}}, "performer: Bundle.entry[3]"},
	"performer of no type": {"bp", []change{{"entry.3.resource.performer.0.type", remove}}, "performer: Bundle.entry[3]"},
	"no device":            {"bp", []change{{"entry.4.resource.device", remove}}, "device: Bundle.entry[4]"},
	"device elsewhere":     {"bp", []change{{"entry.4.resource.device.reference", "Device/7"}}, "device: Bundle.entry[4]"},
	"no gateway":           {"bp", []change{{"entry.4.resource.extension", remove}}, "gateway: Bundle.entry[4]"},
	"gateway elsewhere": {
		"bp", []change{{"entry.4.resource.extension.0.valueReference.reference", "Device/7"}}, "gateway: Bundle.entry[4]",
	},
	"unknown extension": {
		"bp",
		[]change{{"entry.4.resource.extension.+", obj("url", "http://example.org/x", "valueReference", obj("type", "Device"))}},
		"extension: Bundle.entry[4].resource.extension[1]",
	},
	"replaces another kind": {
		"bp-superseding",
		[]change{{"entry.3.resource.extension.1.valueReference.identifier.value", kiosk + "-" + otherID + ".temp"}},
		"replaces: Bundle.entry[3]",
	},
	"bounds without tag": {"oximetry-unsynchronised", []change{{"entry.3.resource.meta", remove}}, "clock-unsynchronised: Bundle.entry[3]"},
	"bounds reversed": {
		"oximetry-unsynchronised",
		[]change{{"entry.3.resource.extension.1.valuePeriod.start", "2027-01-01T00:00:00+05:00"}},
		"effective-bounds: Bundle.entry[3]",
	},
	"tag of our own making": {"temperature-manual", []change{{"entry.2.resource.meta.tag.0.code", "typed"}}, "tag: Bundle.entry[2]"},

	"another code":          {"bp", []change{{"entry.4.resource.code.coding.0.code", "8867-5"}}, "code: Bundle.entry[4].resource.code"},
	"code of another vital": {"bp", []change{{"entry.4.resource.code.coding.0.code", "8310-5"}}, "code: Bundle.entry[4].resource.code"},
	"one saturation code":   {"oximetry", []change{{"entry.3.resource.code.coding.0", remove}}, "code: Bundle.entry[3].resource.code"},
	"coding twice": {
		"bp", []change{{"entry.4.resource.code.coding.+", obj("system", loincSystem, "code", "8867-4")}}, "code: Bundle.entry[4].resource.code",
	},
	"panel with a value": {
		"bp",
		[]change{{"entry.3.resource.valueQuantity", obj("value", 93, "unit", "mmHg", "system", ucumSystem, "code", "mm[Hg]")}},
		"panel-has-no-value: Bundle.entry[3]",
	},
	"neither value nor reason": {"bp", []change{{"entry.4.resource.valueQuantity", remove}}, "value-xor-absent: Bundle.entry[4]"},
	"value and reason": {
		"bp",
		[]change{{"entry.4.resource.dataAbsentReason", obj("coding", []any{obj("system", absentSystem, "code", "error")})}},
		"value-xor-absent: Bundle.entry[4]",
	},
	"component with neither": {
		"bp", []change{{"entry.3.resource.component.1.valueQuantity", remove}}, "value-xor-absent: Bundle.entry[3].resource.component[1]",
	},
	"reason of our own making": {
		"bp-absent",
		[]change{{"entry.3.resource.component.0.dataAbsentReason.coding.0.code", "lost"}},
		"absent-reason: Bundle.entry[3].resource.component[0]",
	},
	"no diastolic": {"bp", []change{{"entry.3.resource.component.1", remove}}, "component-required: Bundle.entry[3]"},
	"systolic twice": {
		"bp",
		[]change{{"entry.3.resource.component.1.code.coding.0.code", "8480-6"}, {"entry.3.resource.component.1.code.coding.1", remove}},
		"component-once: Bundle.entry[3]",
	},
	"foreign component": {
		"bp", []change{{"entry.3.resource.component.2.code.coding.0.code", "8867-4"}}, "component: Bundle.entry[3].resource.component[2]",
	},
	"mean beside a mean": {
		"bp-mean",
		[]change{{"entry.2.resource.component.+", obj("code", obj("coding", []any{obj("system", loincSystem, "code", "8478-0")}))}},
		"component: Bundle.entry[2].resource.component[2]",
	},
	"mean of nothing": {"bp-mean", []change{{"entry.2.resource.derivedFrom", remove}}, "derived-from: Bundle.entry[2]"},
	"mean of another kiosk": {
		"bp-mean",
		[]change{{"entry.2.resource.derivedFrom.0.identifier.value", "bhu-2-" + otherID + ".bp"}},
		"derived-from: Bundle.entry[2].resource.derivedFrom[0]",
	},
	"reading that is a mean": {
		"bp", []change{{"entry.3.resource.derivedFrom", []any{obj("type", "Observation")}}}, "derived-from: Bundle.entry[3]",
	},
	"pulse in bpm": {"bp", []change{{"entry.4.resource.valueQuantity.code", "bpm"}}, "unit: Bundle.entry[4]"},
	"temperature in coulombs": {
		"temperature-oral", []change{{"entry.3.resource.valueQuantity.code", "C"}}, "unit: Bundle.entry[3]",
	},
	"pressure in kPa": {
		"bp", []change{{"entry.3.resource.component.0.valueQuantity.code", "kPa"}}, "unit: Bundle.entry[3].resource.component[0]",
	},
	"no unit":                     {"bp", []change{{"entry.4.resource.valueQuantity.unit", remove}}, "unit: Bundle.entry[4]"},
	"quantity without number":     {"bp", []change{{"entry.4.resource.valueQuantity.value", remove}}, "quantity-value: Bundle.entry[4]"},
	"questionable without a note": {"bp-irregular", []change{{"entry.3.resource.note", remove}}, "questionable-has-note: Bundle.entry[3]"},
	"interpretation that judges": {
		"bp-irregular", []change{{"entry.3.resource.interpretation.0.coding.0.code", "H"}}, "interpretation: Bundle.entry[3]",
	},
	"note without text": {
		"bp-absent", []change{{"entry.3.resource.note.0", obj("time", "2026-11-22T14:15:30+05:00")}}, "note: Bundle.entry[3].resource.note[0]",
	},
	"note of an unnamed author": {
		"retraction", []change{{"entry.3.resource.note.0.authorReference", obj("reference", "Practitioner/1")}}, "note-author: Bundle.entry[3]",
	},
	"note at no time":        {"retraction", []change{{"entry.3.resource.note.0.time", "yesterday"}}, "note-time: Bundle.entry[3]"},
	"body site of no system": {"bp", []change{{"entry.3.resource.bodySite.coding.0.system", remove}}, "body-site: Bundle.entry[3]"},
	"method of foreign system": {
		"temperature-oral", []change{{"entry.3.resource.method.coding", []any{obj("system", "x", "code", "y")}}}, "method: Bundle.entry[3]",
	},
	"tag on the patient": {
		"bp", []change{{"entry.0.resource.meta", obj("tag", []any{obj("code", "manual")})}}, "tag: Bundle.entry[0]",
	},
	"entered by hand, with device": {
		"bp",
		[]change{{"entry.3.resource.meta", obj("tag", []any{obj("system", base+entryTagPath, "code", "manual")})}},
		"manual-has-no-device: Bundle.entry[3]",
	},
	"sensor named like the kiosk": {"bp", []change{{"entry.2.resource.identifier.0.value", kiosk}}, "sensor-is-not-kiosk: Bundle.entry[2]"},
}
