// Package requests is what doctors ask of the people at this kiosk: measure again, read this, call back. (FHIR calls it a CommunicationRequest.)
//
//	came ▶ kept ▶ shown ▶ done
//	         └──────┴───▶ expired
//
// A request lasts as long as the clinic says, from when it came. When a restart makes it unknown how much of that is left, it is out of sight until
// the clinic has said it again, which it does as soon as the kiosk is on line. Texts are patients' matters: they are kept sealed, in the visits' store.
package requests
