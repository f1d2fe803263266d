// Package guide decides what the worker's screen shows, and what a tap on it does. It is pure: no clock, no I/O, no HTML.
//
//	tap ──▶ Session.Tap ──▶ the next Session, and at most one Call to the kiosk
//	what the kiosk is doing + Session ──▶ Of ──▶ Screen: one title, one sentence, one picture, one primary action, at most three others
//
// A Session is all that the one touchscreen knows beside the visit: who is signed in, in which language, where on the way to a visit or
// beside it the worker is, and what was typed. The kiosk keeps it durably, so that a power cut returns to the same screen with the same digits.
//
//	ready ▶ staff ▶ home ▶ identify ▶ birth ▶ sex ▶ confirm ▶ (visit: as the exam says) ▶ saved ▶ home
//	                 │                                          ├ skip, by-hand, retake, wrong, cancel
//	                 └ today
//
// Every word is a key; package words has the languages.
package guide
