// Package fhir turns one entry of the queue into the FHIR R4 (4.0.1) transaction Bundle that goes to the clinic, and checks such a
// Bundle on the other side. Both are pure: no clock, no files, no goroutines.
//
//	Bundle      identifier {base}/reading | {kiosk}-{entry id}, timestamp = Context.Sent
//	  Patient                conditional create on {base}/mrn, /temporary or /cnic
//	  Device (gateway)       conditional create on {base}/device | {kiosk}
//	  Device (sensor)        likewise; left out when a person typed the number
//	  Observation .bp        85354-9 with systolic, diastolic, mean; 96607-7 for the mean of several readings
//	  Observation .pulse     8867-4, from the cuff or from the oximeter
//	  Observation .spo2      2708-6 and 59408-5, with the perfusion index
//	  Observation .temp      8310-5
//
// The same entry and Context give the same bytes: keys stand in the order of the specification, there are no maps, and every fullUrl is
// a UUIDv5 over the Bundle's identifier.
//
// # An Observation that breaks the profile cannot be built
//
// The types are private. A value meets its unit only in the table of codes.go; answer is a number or a reason and its two makers are
// the only way to get one; a blood pressure takes systolic and diastolic as arguments; the zero status does not marshal. Encode then
// holds its own output to Check before it lets go of it.
//
// # Numbers
//
// Decimal is the text of a number, never a float. Pressures, rates and saturations are whole. Temperatures and the perfusion index keep
// the decimals that say something: at least one, at most those of the unit type (36.8, 37.0, 36.85, 4.2, 0.35), because a reading does
// not record the device's resolution and every device of these kinds shows at least one.
//
// # Profiles
//
// The Observations conform to vitalsigns, bp, heartrate, oxygensat and bodytemp of R4 but do not claim them in meta.profile: several
// engines reject a correct blood pressure that does.
package fhir
