package sim

import (
	"fmt"
	"slices"
	"sync"
)

// Fault is something that goes wrong on demand. A device ignores a fault that it cannot have.
type Fault uint8

// The faults. Codes M.. are the PAR module's own.
const (
	FingerOut    Fault = iota // oximeter: no finger, and says so
	WeakPulse                 // oximeter: weak signal; cuff: no oscillations, M09
	Motion                    // oximeter: waveform and numbers wander; cuff: artifacts, M11
	LooseCuff                 // cuff: cannot inflate, M06
	Leak                      // cuff: loses air, M07 (M14 in a leak test)
	Blockage                  // cuff: pneumatic fault, M08
	OutOfRange                // cuff: result outside its range, M10
	Overpressure              // cuff: released for too high a pressure, M12
	Saturated                 // cuff: signal too large, M13
	Broken                    // cuff: hardware fault, M15; thermometer: state 20
	ProbeMoved                // thermometer: contact lost during the prediction, states 5 and 7
	Silence                   // nothing is sent, though everything is heard
	Noise                     // random bytes between frames
	Garbage                   // every second frame arrives damaged: a bit flipped, a byte lost or doubled, the end missing
	Stale                     // old numbers stay where there should be none; flags and codes stay honest
	Unplug                    // the plug is pulled: a Plug's fault
	endOfFaults
)

var faultNames = [endOfFaults]string{
	"finger-out", "weak-pulse", "motion", "loose-cuff", "leak", "blockage", "out-of-range", "overpressure", "saturated", "broken",
	"probe-moved", "silence", "noise", "garbage", "stale", "unplug",
}

func (f Fault) String() string {
	if f >= endOfFaults {
		return fmt.Sprintf("fault(%d)", uint8(f))
	}
	return faultNames[f]
}

// ParseFault finds the fault of that name.
func ParseFault(name string) (Fault, error) {
	for f, n := range faultNames {
		if n == name {
			return Fault(f), nil
		}
	}
	return 0, fmt.Errorf("%q is not a fault; known are %v", name, faultNames)
}

// faults is what is wrong with a device right now. It is safe for concurrent use.
type faults struct {
	mu   sync.Mutex
	held [endOfFaults]bool // until cleared
	left [endOfFaults]int  // measurements still to spoil
	now  [endOfFaults]bool // spoils the current measurement
}

// Inject makes f go wrong from now until Clear.
func (s *faults) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[f] = true
}

// InjectN makes f go wrong for the next n measurements: a cuff's runs, a finger's visits, a probe's ways out of its holder. One
// measurement lasts until the next begins, so that what is asked about it afterwards is spoiled too.
func (s *faults) InjectN(f Fault, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left[f] = n
}

// Clear ends the given faults, or all of them when none is given.
func (s *faults) Clear(fs ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range endOfFaults {
		if len(fs) == 0 || slices.Contains(fs, f) {
			s.held[f], s.left[f], s.now[f] = false, 0, false
		}
	}
}

// begin starts a measurement: counted faults are spent on it.
func (s *faults) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.left {
		s.now[f] = s.left[f] > 0
		s.left[f] = max(0, s.left[f]-1)
	}
}

func (s *faults) has(f Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[f] || s.now[f]
}
