// Package touch takes a patient through a whole visit with a real finger on a real screen, as far as a Chromium that is told to touch has one: the
// unmodified kiosk, simulated devices, Urdu and English.
package touch
