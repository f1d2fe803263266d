// Package vitals is the vocabulary of nabz: units as types, the three measurements, what one decoded frame says (Sample), the
// conditions under which a device doubts its own number (Flags), and the limits beyond which nobody should believe it.
//
// A number that is not there is a Maybe without a value, never 0 and never a device's sentinel (127, 255, 511 ...).
//
// Terms follow IEEE 11073-10101 (Nomenclature). The package imports the standard library only.
package vitals
