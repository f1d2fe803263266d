// Package hwtest is the technician's bench: checks of a kiosk, each with a name, a sentence and a verdict, the same on a desk with simulated devices and on a
// site with real ones.
//
//	check.go      Check, Result, Report, and how checks are run
//	bench.go      what is checked, and from where: the box itself, or the kiosk that runs on it
//	device.go     each device: is it there, how clean is its line
//	storage.go    the card: write, flush, read back, room, wear
//	box.go        supply, battery, heat, time
//	network.go    the way to the record, rung by rung; practice.go its last one
//	guided.go     the long check with a person: steps back, again, skipped; hands.go what the steps are
//	report.go     a report as JSON and as a page to print, signed, kept, listed
//
// layers_test.go holds the whole tree to its import table.
package hwtest
