package fhir

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"nabz/firmware/reading"
)

// Identifier is a business identifier: a system and a value in it.
type Identifier struct{ System, Value string }

// The parts of Base below which each kind of identifier lives.
const (
	readingPath   = "/reading"
	devicePath    = "/device"
	workerPath    = "/worker"
	entryTagPath  = "/CodeSystem/entry"
	effectivePath = "/StructureDefinition/effective-bounds"
)

// patientPaths says where an identifier of that type lives.
var patientPaths = map[reading.IDType]string{
	reading.MedicalRecord: "/mrn", reading.TemporaryID: "/temporary", reading.NationalNumber: "/cnic",
}

// Suffixes tell the Observations of one reading apart.
const (
	bpSuffix    = ".bp"
	pulseSuffix = ".pulse"
	spo2Suffix  = ".spo2"
	tempSuffix  = ".temp"
	respSuffix  = ".resp"
	awakeSuffix = ".acvpu"
	airSuffix   = ".oxygen"
	childSuffix = ".pregnancy"
)

var (
	kioskForm    = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	entryForm    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	bundleIDForm = regexp.MustCompile(`^([a-z0-9-]{1,40})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	baseForm     = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/-]*[A-Za-z0-9._~-]$`)
	plainForm    = regexp.MustCompile(`^[^\s\p{C}]+( [^\s\p{C}]+)*$`)
	cnicForm     = regexp.MustCompile(`^[0-9]{13}$`)
	slugForm     = regexp.MustCompile(`[^a-z0-9._]+`)
)

// condition is the search that finds the resource with that identifier, as ifNoneExist and the address of a conditional update take it:
// identifier=system|value. A value that is not plain is escaped twice, first for FHIR's search (a comma would mean "or"), then for the
// query (an ampersand would end it).
func condition(id Identifier) string {
	return "identifier=" + id.System + "|" + querySafe.Replace(searchSafe.Replace(id.Value))
}

var (
	searchSafe = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
	querySafe  = strings.NewReplacer(
		`%`, `%25`, `&`, `%26`, `+`, `%2B`, `#`, `%23`, ` `, `%20`, `"`, `%22`, `=`, `%3D`, `\`, `%5C`, `|`, `%7C`, `;`, `%3B`,
	)
)

// updateURL is the address of a conditional update. Being a URI it has the bar encoded, which every engine's query parser undoes.
func updateURL(id Identifier) string {
	return "Observation?" + strings.Replace(condition(id), "|", url.QueryEscape("|"), 1)
}

// fullURL names one entry within the Bundle, the same on every encoding.
func fullURL(bundle Identifier, part string) string {
	return "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(bundle.System+"/"+bundle.Value+"#"+part)).String()
}

// slug is a device's identifier value: lower case, of a-z, 0-9, dot, underscore and hyphen.
func slug(parts ...string) string {
	return strings.Trim(slugForm.ReplaceAllString(strings.ToLower(strings.Join(parts, "-")), "-"), "-")
}
