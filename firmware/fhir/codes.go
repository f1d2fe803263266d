package fhir

import "nabz/drivers/vitals"

// Code systems.
const (
	loincSystem    = "http://loinc.org"
	mdcSystem      = "urn:iso:std:iso:11073:10101"
	ucumSystem     = "http://unitsofmeasure.org"
	snomedSystem   = "http://snomed.info/sct"
	categorySystem = "http://terminology.hl7.org/CodeSystem/observation-category"
	absentSystem   = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
	idTypeSystem   = "http://terminology.hl7.org/CodeSystem/v2-0203"
	reasonSystem   = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	statusSystem   = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
)

// HL7's own extensions.
const (
	gatewayURL  = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"
	replacesURL = "http://hl7.org/fhir/StructureDefinition/observation-replaces"
)

// unit is a UCUM code with the text that people read.
type unit struct{ text, code string }

var (
	mmHg      = unit{"mmHg", "mm[Hg]"}
	perMinute = unit{"beats/minute", "/min"}
	breathing = unit{"breaths/minute", "/min"}
	percent   = unit{"%", "%"}
	celsius   = unit{"°C", "Cel"}
	micros    = unit{"us", "us"}
)

// vital is what one number is called and counted in. It is the only way from a number to a quantity, so no code meets a foreign unit.
type vital struct {
	codings []coding
	text    string
	unit    unit // zero for a panel, which has no value of its own, and for what is answered by a code

	answers  map[string]coding // by our own words
	category *coding           // nil for a vital sign
}

func (v vital) categoryOf() coding {
	if v.category != nil {
		return *v.category
	}
	return vitalSigns
}

// isPanel says that the vital has no value of its own.
func (v vital) isPanel() bool { return v.unit == unit{} && v.answers == nil }

func loinc(code, display string) coding {
	return coding{System: loincSystem, Code: code, Display: display}
}

func mdc(code, display string) coding {
	return coding{System: mdcSystem, Code: code, Display: display}
}

// Blood pressure (MDC_PRESS_BLD_NONINV) and the mean of several readings, which MDC has no codes for.
var (
	pressure = vital{codings: []coding{
		loinc("85354-9", "Blood pressure panel with all children optional"), mdc("150020", "MDC_PRESS_BLD_NONINV"),
	}, text: "Blood pressure", unit: unit{}}
	systolic = vital{codings: []coding{
		loinc("8480-6", "Systolic blood pressure"), mdc("150021", "MDC_PRESS_BLD_NONINV_SYS"),
	}, text: "", unit: mmHg}
	diastolic = vital{codings: []coding{
		loinc("8462-4", "Diastolic blood pressure"), mdc("150022", "MDC_PRESS_BLD_NONINV_DIA"),
	}, text: "", unit: mmHg}
	arterialMean = vital{codings: []coding{
		loinc("8478-0", "Mean blood pressure"), mdc("150023", "MDC_PRESS_BLD_NONINV_MEAN"),
	}, text: "", unit: mmHg}

	meanPressure = vital{codings: []coding{
		loinc("96607-7", "Blood pressure panel mean systolic and mean diastolic"),
	}, text: "Mean of blood pressures", unit: unit{}}
	meanSystolic  = vital{codings: []coding{loinc("96608-5", "Systolic blood pressure mean")}, text: "", unit: mmHg}
	meanDiastolic = vital{codings: []coding{loinc("96609-3", "Diastolic blood pressure mean")}, text: "", unit: mmHg}
)

// Pulse rate, saturation and perfusion.
var (
	cuffPulse     = vital{codings: []coding{loinc("8867-4", "Heart rate"), mdc("149546", "MDC_PULS_RATE_NON_INV")}, text: "Pulse rate", unit: perMinute}
	oximeterPulse = vital{codings: []coding{
		loinc("8867-4", "Heart rate"), loinc("8889-8", "Heart rate by Pulse oximetry"), mdc("149530", "MDC_PULS_OXIM_PULS_RATE"),
	}, text: "Pulse rate", unit: perMinute}
	saturation = vital{codings: []coding{
		loinc("2708-6", "Oxygen saturation in Arterial blood"),
		loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"), mdc("150456", "MDC_PULS_OXIM_SAT_O2"),
	}, text: "Oxygen saturation", unit: percent}
	perfusion = vital{codings: []coding{
		loinc("61006-3", "Perfusion index Tissue by Pulse oximetry"), mdc("150448", "MDC_PULS_OXIM_PERF_REL"),
	}, text: "", unit: percent}
)

// What a person counts, sees and asks. Consciousness and oxygen are two of the six vital signs of
// NEWS2. No LOINC code says "air or supplemental oxygen", so that one has words and the answers' codes.
var (
	respiration = vital{codings: []coding{loinc("9279-1", "Respiratory rate"), mdc("151562", "MDC_RESP_RATE")}, text: "Respiratory rate", unit: breathing}

	responsiveness = vital{
		codings: []coding{loinc("67775-7", "Level of responsiveness")}, text: "Consciousness (ACVPU)",
		answers: map[string]coding{
			string(vitals.Alert):        sct("248234008", "Mentally alert"),
			string(vitals.Confused):     sct("130987000", "Acute confusion"),
			string(vitals.Voice):        sct("300202002", "Responds to voice"),
			string(vitals.Pain):         sct("450847001", "Responds to pain"),
			string(vitals.Unresponsive): sct("422768004", "Unresponsive"),
		},
	}
	inspired = vital{text: "Inspired oxygen: air or supplement", answers: map[string]coding{
		string(vitals.Air):    sct("722742002", "Breathing room air"),
		string(vitals.Oxygen): sct("371825009", "Patient on oxygen"),
	}}
	pregnancy = vital{
		codings: []coding{loinc("82810-3", "Pregnancy status")}, text: "Pregnancy status", category: &socialHistory,
		answers: map[string]coding{
			string(vitals.Pregnant):    sct("77386006", "Pregnant"),
			string(vitals.NotPregnant): sct("60001007", "Not pregnant"),
		},
	}
)

func sct(code, display string) coding {
	return coding{System: snomedSystem, Code: code, Display: display}
}

// bodyTemperature is 8310-5 with the MDC code of the site; a site without one of its own gets the general code.
func bodyTemperature(s vitals.Site) vital {
	site, ok := siteCodes[s]
	if !ok {
		site = mdc("150364", "MDC_TEMP_BODY")
	}
	return vital{codings: []coding{loinc("8310-5", "Body temperature"), site}, text: "Body temperature", unit: celsius}
}

var siteCodes = map[vitals.Site]coding{
	vitals.Oral:     mdc("188424", "MDC_TEMP_ORAL"),
	vitals.Axillary: mdc("188452", "MDC_TEMP_AXILLA"),
	vitals.Rectal:   mdc("188420", "MDC_TEMP_RECT"),
	vitals.Ear:      mdc("188428", "MDC_TEMP_EAR"),
}

// absentReasons are the data-absent-reasons that a kiosk gives, with their displays.
var (
	absentReasons  = []string{"error", "not-performed", "unknown"}
	absentDisplays = map[string]string{"error": "Error", "not-performed": "Not Performed", "unknown": "Unknown"}
)

func absentCode(code string) coding {
	return coding{System: absentSystem, Code: code, Display: absentDisplays[code]}
}

var (
	vitalSigns    = coding{System: categorySystem, Code: "vital-signs", Display: "Vital Signs"}
	socialHistory = coding{System: categorySystem, Code: "social-history", Display: "Social History"}
	questionable  = coding{System: statusSystem, Code: "questionable"}
	practiceMark  = coding{System: reasonSystem, Code: "HTEST", Display: "test health data"}
)

// Device types (MDC_MOC_VMS_MDS_*), specializations by kind and the rest that describes a device.
var (
	gatewayType = mdc("531981", "MDC_MOC_VMS_MDS_AHD")
	sensorType  = mdc("65573", "MDC_MOC_VMS_MDS_SIMP")
	softwareRev = mdc("531975", "MDC_ID_PROD_SPEC_SW")
	firmwareRev = mdc("531976", "MDC_ID_PROD_SPEC_FW")
	syncMethod  = mdc("68220", "MDC_TIME_SYNC_PROTOCOL")
	syncError   = mdc("68221", "MDC_TIME_SYNC_ACCURACY")
	syncNone    = mdc("532224", "MDC_TIME_SYNC_NONE")
	syncNTP     = mdc("532226", "MDC_TIME_SYNC_NTPV4")
	syncOther   = mdc("532236", "MDC_TIME_SYNC_OTHER")
)

var specializations = map[vitals.Kind]coding{
	vitals.KindBloodPressure: mdc("528391", "MDC_DEV_SPEC_PROFILE_BP"),
	vitals.KindOximetry:      mdc("528388", "MDC_DEV_SPEC_PROFILE_PULS_OXIM"),
	vitals.KindTemperature:   mdc("528392", "MDC_DEV_SPEC_PROFILE_TEMP"),
}
