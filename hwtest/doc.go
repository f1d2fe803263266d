// Package hwtest is the technician's bench: checks that run the same against the simulator and against the real device. So far it holds
// the test of the import table.
package hwtest
