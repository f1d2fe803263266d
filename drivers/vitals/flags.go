package vitals

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
)

// Flags is the set of conditions that a device reports about itself or its number, in words common to all makes.
type Flags uint64

// The conditions. Each driver's package doc says which of its device's bits or codes stands for which.
const (
	SensorOff      Flags = 1 << iota // probe unplugged from the device, or probe missing
	NoFinger                         // probe connected, nothing in it
	Searching                        // looking for a pulse; numbers are not valid yet
	SearchTimeout                    // searched too long
	LowPerfusion                     // pulse signal weak
	Artifact                         // motion or another disturbance
	OutOfTrack                       // consecutive pulses disagree
	AmbientLight                     // light reaches the detector
	BatteryLow                       // the device's own battery; says nothing against the number
	CuffLoose                        // cuff too loose or not connected: cannot inflate
	CuffLeak                         // air leaks
	WeakPulse                        // no or too weak oscillations
	OutOfRange                       // the device says that its result is outside its range
	TimedOut                         // the device's own time limit
	Overpressure                     // the device released the cuff for too high a pressure
	Blockage                         // pneumatic fault
	Saturated                        // signal too large: movement
	Aborted                          // measurement stopped before its end
	Hardware                         // the device reports a fault of its own
	IrregularPulse                   // irregular heart beat: the number stands, but is to be questioned
	NotReady                         // no result yet, or none asked for
	ContactLost                      // thermometer probe moved during the measurement
	NotSettled                       // a temperature still rising or only predicted so far
	Implausible                      // numbers contradict each other or leave the hard limits
	Stale                            // not renewed within the device's own period
	endOfFlags
)

var flagNames = [...]string{
	"sensor-off", "no-finger", "searching", "search-timeout", "low-perfusion", "artifact", "out-of-track", "ambient-light",
	"battery-low", "cuff-loose", "cuff-leak", "weak-pulse", "out-of-range", "timed-out", "overpressure", "blockage", "saturated",
	"aborted", "hardware", "irregular-pulse", "not-ready", "contact-lost", "not-settled", "implausible", "stale",
}

// remarks are conditions that do not by themselves forbid to believe the number.
const remarks = BatteryLow | LowPerfusion | IrregularPulse

// Has says whether all of g is set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Any says whether some of g is set.
func (f Flags) Any(g Flags) bool { return f&g != 0 }

// Doubted says that the device itself does not stand behind its number: it must not become a reading.
func (f Flags) Doubted() bool { return f&^remarks != 0 }

// Names lists the conditions in words, in a fixed order.
func (f Flags) Names() []string {
	names := make([]string, 0, bits.OnesCount64(uint64(f)))
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

func (f Flags) String() string { return strings.Join(f.Names(), " ") }

// MarshalJSON writes the names as a list.
func (f Flags) MarshalJSON() ([]byte, error) { return json.Marshal(f.Names()) }

// UnmarshalJSON reads the list; a name that is not known is an error.
func (f *Flags) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	*f = 0
	for _, name := range names {
		flag, ok := ParseFlag(name)
		if !ok {
			return fmt.Errorf("flags: %q is not a known condition", name)
		}
		*f |= flag
	}
	return nil
}

// ParseFlag finds the condition of that name.
func ParseFlag(name string) (Flags, bool) {
	for i, n := range flagNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
