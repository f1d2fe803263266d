// Package stage is a place with a kiosk as far as nobody else has it: simulated peripherals on one patient (Bench), a health worker without
// hands (Worker), nabz's own programs as children (Process), and what then stands in the clinic's record (Copies). The kiosk itself is the
// unmodified one.
package stage
